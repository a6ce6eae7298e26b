/// What the store has been told of records, to find out what it hasn't.
#pragma once

#include "daemon/outreach/changed_record.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace outreachd::outreach {

/// The newest state of each record that an event of that source, from `since` on, told of: another source may
/// be another organisation, whose records have the same numbers. It takes some 50 bytes for each record, and
/// reads each event once. One thread; the store outlives it.
class known_changes {
public:
    known_changes(store::store& events, std::string source, wall_time since);

    /// Takes in what was stored up to now; ends early where `is_stopping`. Errors: those of a reader.
    result<void> catch_up(const std::function<bool()>& is_stopping);

    /// Whether an event told of that state, or of a later one: by its `updatedAt`, else by when Outreach
    /// delivered it.
    bool has(const changed_record& what) const;
    /// Whether an event told of that record at all.
    bool has_any(const changed_record& what) const;

private:
    std::optional<wall_time> newest_of(const changed_record& what) const;

    store::store& events_;
    const std::string source_;
    std::unique_ptr<store::reader> reader_;
    store::sequence read_up_to_ = 0;
    std::unordered_map<std::uint64_t, wall_time> newest_; ///< By ordering key.
};

} // namespace outreachd::outreach
