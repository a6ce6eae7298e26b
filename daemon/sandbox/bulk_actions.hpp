/// What each bulk action does to one record (contract 9.8).
#pragma once

#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

struct bulk_call {
    world& in;
    record& subject; ///< It may be gone afterwards.
    const boost::json::object& attributes;
    std::optional<record_id> user;
};

struct bulk_action {
    std::string_view name;
    std::string_view type; ///< Of the records.
    /// Throws refusal, 422, where what the action needs isn't given.
    void (*check)(const boost::json::object& attributes);
    /// Throws refusal where it fails for this record.
    void (*apply)(const bulk_call&);
};

/// Null where there is no such action.
const bulk_action* find_bulk_action(std::string_view name);

} // namespace outreachd::sandbox
