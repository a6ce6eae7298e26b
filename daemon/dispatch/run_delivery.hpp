/// One attempt at one delivery: handle, then the verdict. The straight line of the work path.
#pragma once

#include "daemon/dispatch/lane_queue.hpp"
#include "daemon/dispatch/retry_schedule.hpp"
#include "daemon/store/records.hpp"
#include "handlers/handler.hpp"

#include <string_view>

namespace outreachd::dispatch {

/// Calls the handler. One that throws counts as `retry`, with what it threw as the reason.
outcome run_attempt(handlers::handler& target, const handlers::attempt& what) noexcept;

/// When an attempt ran.
struct attempt_times {
    wall_time started_at{};
    std::chrono::microseconds took{};
    wall_time ended_at{};
};

/// An attempt's verdict: what the store keeps of it, and the pause before the next.
struct verdict {
    store::settlement record;
    std::optional<std::chrono::milliseconds> pause; ///< With `retry`; where `record.is_wait`, of the lane.
};

/// Pure. `random` is in [0, 1).
verdict judge(const delivery& what, std::string_view handler, outcome said, const attempt_times& times,
              const retry_schedule& schedule, double random);

/// So much of an answer is kept: the first 4 KiB of each of a program's two outputs, with their titles.
/// Handlers whose other side has one answer keep its first 4 KiB.
inline constexpr std::size_t last_answer_bytes_max = 2 * 4096UL + 64;

/// And so much of a reason.
inline constexpr std::size_t reason_bytes_max = 4096;

} // namespace outreachd::dispatch
