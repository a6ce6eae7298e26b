#include "daemon/outreach/known_changes.hpp"

#include "daemon/event/ordering_key.hpp"
#include "handlers/outreach/json_api.hpp"

#include <algorithm>
#include <exception>

namespace outreachd::outreach {

namespace {

constexpr std::size_t events_at_once = 256;
constexpr std::size_t bytes_at_once = 4UL * 1024 * 1024;
/// Outreach's clock and ours may differ by so much.
constexpr std::chrono::minutes clock_difference{10};

std::optional<wall_time> state_of(const event& what) {
    if (const auto body = handlers::outreach::read_json(what.body))
        if (const auto told =
                parse_timestamp(handlers::outreach::find_text(*body, {"data", "attributes", "updatedAt"})))
            return told;
    return what.facts.delivered_at;
}

} // namespace

known_changes::known_changes(store::store& events, std::string source, wall_time since)
    : events_(events), source_(std::move(source)),
      read_up_to_((since - clock_difference).time_since_epoch().count()) {}

result<void> known_changes::catch_up(const std::function<bool()>& is_stopping) {
    if (!reader_) {
        try {
            reader_ = events_.open_reader();
        } catch (const std::exception&) {
            return errc::store_unavailable;
        }
    }
    while (!is_stopping()) {
        const auto found = reader_->events_after(read_up_to_, events_at_once, bytes_at_once);
        if (!found)
            return found.error();
        if (found->empty())
            break;
        for (const store::stored_event& one : *found) {
            read_up_to_ = one.sequence;
            const bool is_of_source = one.subject && one.subject->source == source_;
            const std::uint64_t key = is_of_source ? ordering_key(one.subject->facts) : 0;
            const auto told = key != 0 ? state_of(*one.subject) : std::nullopt;
            if (!told)
                continue;
            wall_time& newest = newest_[key];
            newest = std::max(newest, *told);
        }
    }
    return {};
}

std::optional<wall_time> known_changes::newest_of(const changed_record& what) const {
    event_facts facts;
    facts.resource = what.resource;
    facts.resource_id = what.id;
    const auto known = newest_.find(ordering_key(facts));
    return known == newest_.end() ? std::nullopt : std::optional{known->second};
}

bool known_changes::has(const changed_record& what) const {
    return newest_of(what) >= what.updated_at;
}

bool known_changes::has_any(const changed_record& what) const {
    return newest_of(what).has_value();
}

} // namespace outreachd::outreach
