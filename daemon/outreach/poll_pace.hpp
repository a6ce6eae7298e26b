/// How often something that goes on at Outreach is looked at.
#pragma once

#include "handlers/outreach/api_answer.hpp"

#include <chrono>
#include <functional>

namespace outreachd::outreach {

/// Sends a request, with whatever patience the caller has.
using send_request = std::function<handlers::outreach::api_answer(const handlers::outreach::api_request&)>;
/// Waits; false where there is to be an end of it.
using pause_for = std::function<bool(std::chrono::milliseconds)>;

/// Soon at first, then less and less often: each look costs one request of the hourly limit.
class poll_pace {
public:
    static constexpr std::chrono::milliseconds first{500};
    static constexpr std::chrono::milliseconds max{15'000};

    /// How long to wait before the next look.
    std::chrono::milliseconds next();

private:
    std::chrono::milliseconds next_ = first;
};

/// Whether another attempt at a request that only reads may come to more.
bool may_pass(const handlers::outreach::api_answer& said);

/// Asks for the same again and again until `is_over` says so of an answer, or something fails for good: a few
/// failures in a row that another attempt could mend are looked over. Gives the last answer.
handlers::outreach::api_answer
follow(const handlers::outreach::api_request& look, const send_request& send, const pause_for& pause,
       const std::function<bool(const handlers::outreach::api_answer&)>& is_over);

} // namespace outreachd::outreach
