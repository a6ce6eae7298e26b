/// Decides when a failed delivery is tried again, and when it is enough.
#pragma once

#include "daemon/settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace outreachd::dispatch {

/// Exponential backoff with jitter. Pure; any thread.
class retry_schedule {
public:
    explicit retry_schedule(settings::retry configured) : configured_(configured) {}

    /// The pause after `attempts` attempts, the first counted; nothing where that was the last.
    ///
    /// The pause is initial * factor^(attempts-1), at most `max`, then ± the jitter: `random` is in
    /// [0, 1). `asked` is the other side's Retry-After: the pause is never shorter than it, up to
    /// `max`, and never shorter than ours, or an answer of "1 s" would use up all attempts at once.
    std::optional<std::chrono::milliseconds>
    pause_after(std::uint32_t attempts, std::optional<std::chrono::milliseconds> asked, double random) const;

private:
    settings::retry configured_;
};

} // namespace outreachd::dispatch
