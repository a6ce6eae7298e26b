/// A 401 that a new token doesn't mend.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

namespace outreachd::handlers::outreach {

/// What requests found: Outreach took the token last, or none that we have. Thread-safe.
class lasting_refusal {
public:
    /// Somebody has to do what `why` says. `renewed_at`: when the token was asked for that was refused, too;
    /// nothing: there was no other one.
    void begin(std::string why, std::optional<wall_time> renewed_at = std::nullopt);
    /// A token was taken.
    void end();

    /// Empty: it has ended, or there was none.
    std::string why() const;
    /// Whether another token, asked for by now, would be one too many: each that is given makes an older one
    /// go in the end (contract 7.7).
    bool is_recent(wall_time now) const;

private:
    std::atomic<bool> is_there_ = false; ///< Mostly it isn't, and nobody waits for the mutex.
    mutable std::mutex mutex_;
    std::string why_;
    std::optional<wall_time> renewed_at_;
};

} // namespace outreachd::handlers::outreach
