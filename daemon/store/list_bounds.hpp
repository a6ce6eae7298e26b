/// What bounds a list that people ask for.
#pragma once

#include "daemon/store/records.hpp"

#include <cstddef>
#include <cstdint>

namespace outreachd::store {

inline constexpr std::size_t list_limit_max = 1000;
inline constexpr std::int64_t candidates_per_piece = 500;  // some milliseconds of a read transaction
inline constexpr std::int64_t attempts_of_one_max = 1'000; // of one delivery, in a story

/// Of the texts that a list shows. Where they are more its search ends, as where the time is over; a single
/// record may be larger.
inline constexpr std::size_t list_bytes_max = 8 * 1024 * 1024;

/// What an event's texts take in a list: its id in Outreach, which may be as long as its body, stands there
/// once more for each delivery.
inline std::size_t listed_bytes(const event_record& of) noexcept {
    const event_facts& facts = of.facts;
    const std::size_t repeated = facts.name.size() + facts.resource.size() + facts.resource_id.size();
    std::size_t bytes =
        repeated + facts.action.size() + facts.job_id.size() + of.endpoint.size() + of.source.size();
    for (const delivery_record& each : of.deliveries)
        bytes += repeated + each.handler.size() + each.reason.size();
    return bytes;
}

} // namespace outreachd::store
