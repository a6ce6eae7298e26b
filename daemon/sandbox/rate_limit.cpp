#include "daemon/sandbox/rate_limit.hpp"

namespace outreachd::sandbox {

namespace {

/// The first whole second at which the window is over.
std::string reset_of(wall_time end) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(end).time_since_epoch().count());
}

} // namespace

rate_limit::window& rate_limit::window_of(const std::string& account, wall_time now) {
    window& held = windows_[account];
    if (held.end <= now)
        held = told_ && told_->end > now ? *told_ : window{limit_, now + length_};
    return held;
}

std::optional<response> rate_limit::take(const std::string& account, wall_time now) {
    window& held = window_of(account, now);
    if (held.remaining > 0) {
        --held.remaining;
        return std::nullopt;
    }
    return to_response({429, "rateLimitExceeded", "Rate Limit Exceeded",
                        "You have exceeded your limit of " + std::to_string(limit_) +
                            " requests; it resets at " + to_rfc3339(held.end) + "."});
}

void rate_limit::add_headers(response& to, const std::string& account, wall_time now) {
    const window& held = window_of(account, now);
    to.headers.emplace_back("X-RateLimit-Limit", std::to_string(limit_));
    to.headers.emplace_back("X-RateLimit-Remaining", std::to_string(held.remaining));
    to.headers.emplace_back("X-RateLimit-Reset", reset_of(held.end));
    if (to.status == 429)
        to.headers.emplace_back("Retry-After", reset_of(held.end));
}

void rate_limit::set_remaining(std::uint64_t remaining, std::chrono::milliseconds reset_in, wall_time now) {
    told_ = window{remaining, now + reset_in};
    for (auto& [account, held] : windows_)
        held = *told_;
}

} // namespace outreachd::sandbox
