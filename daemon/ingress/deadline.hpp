/// When a request must be over, and how few times a timer has to be set for it. Pure.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <algorithm>
#include <chrono>

namespace outreachd::ingress {

/// Outreach waits 5 s. A request that isn't answered by now is reset, whatever it waits for, so that
/// Outreach tries again (contract 3.2); this overrides every other timeout.
inline constexpr std::chrono::milliseconds answer_time_max{4'000};

/// `begin` is the connection's accept; on a kept connection, the request's first byte.
constexpr steady_time answer_deadline(steady_time begin) noexcept {
    return begin + answer_time_max;
}

/// The end of one phase of a request (handshake, header, body), which never outlasts the request.
constexpr steady_time phase_deadline(steady_time answer_by, steady_time phase_begin,
                                     std::chrono::milliseconds timeout) noexcept {
    return std::min(answer_by, phase_begin + timeout);
}

/// A deadline that changes with every phase, kept by one timer that is hardly ever set anew.
///
/// A timer that wakes early and looks again is cheaper than one that is cancelled and set several
/// times a request. It never sleeps longer than `answer_time_max`, so that a request that begins now
/// finds a timer that will wake in time. The strand's only.
class lazy_deadline {
public:
    /// True where the timer would wake too late and must be set anew by `arm`.
    bool set(steady_time at) noexcept {
        at_ = at;
        return at_ < wakes_at_;
    }

    /// When the timer, set now, is to wake.
    steady_time arm(steady_time now) noexcept {
        wakes_at_ = std::min(at_, now + answer_time_max);
        return wakes_at_;
    }

    bool has_passed(steady_time now) const noexcept { return now >= at_; }

private:
    steady_time at_ = steady_time::max();
    steady_time wakes_at_ = steady_time::max();
};

} // namespace outreachd::ingress
