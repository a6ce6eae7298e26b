/// Whether the wall clock can be asked how old something is.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <optional>

namespace outreachd::store {

/// Compares the wall clock with one that never jumps. A clock that was set forward by mistake makes
/// everything old at once, and what was removed then doesn't come back with the right time. A machine that
/// was suspended looks the same, which does no harm. One thread at a time.
class clock_watch {
public:
    static constexpr std::chrono::hours jump_min{1};
    /// Time in which somebody, or NTP, can set it right.
    static constexpr std::chrono::hours doubt{1};

    /// Both clocks' time now. Gives a jump forward that was made since the last call.
    std::optional<std::chrono::seconds> look(wall_time wall, steady_time steady) noexcept {
        const auto earlier = last_;
        last_ = {wall, steady};
        if (earlier.steady == steady_time{})
            return std::nullopt;
        const auto jump = std::chrono::duration_cast<std::chrono::seconds>((wall - earlier.wall) -
                                                                           (steady - earlier.steady));
        if (jump < jump_min)
            return std::nullopt;
        trusted_from_ = steady + doubt;
        return jump;
    }

    bool is_trusted() const noexcept { return last_.steady >= trusted_from_; }

private:
    struct both_clocks {
        wall_time wall;
        steady_time steady;
    };

    both_clocks last_;
    steady_time trusted_from_;
};

} // namespace outreachd::store
