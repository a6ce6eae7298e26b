/// What the store has been told of records, to find out what it hasn't.
#pragma once

#include "daemon/outreach/changed_record.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

namespace outreachd::outreach {

/// The newest state of each record that an event from `since` on told of. It takes some 50 bytes for each
/// record, and reads each event once. One thread; the store outlives it.
class known_changes {
public:
    known_changes(store::store& events, wall_time since);

    /// Takes in what was stored up to now; ends early where `is_stopping`. Errors: those of a reader.
    result<void> catch_up(const std::function<bool()>& is_stopping);

    /// Whether an event told of that state, or of a later one: by its `updatedAt`, else by when Outreach
    /// delivered it.
    bool has(const changed_record& what) const;

private:
    store::store& events_;
    std::unique_ptr<store::reader> reader_;
    store::sequence read_up_to_ = 0;
    std::unordered_map<std::uint64_t, wall_time> newest_; ///< By ordering key.
};

} // namespace outreachd::outreach
