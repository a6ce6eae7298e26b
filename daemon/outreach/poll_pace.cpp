#include "daemon/outreach/poll_pace.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::outreach {

namespace {

using handlers::outreach::api_answer;
using handlers::outreach::api_request;

/// In a row.
constexpr int failures_max = 5;

} // namespace

bool may_pass(const api_answer& said) {
    return said.what == api_answer::kind::unreachable ||
           (said.what == api_answer::kind::answered && (said.status >= 500 || said.status == 408));
}

std::chrono::milliseconds poll_pace::next() {
    return std::exchange(next_, std::min(next_ * 3 / 2, max));
}

api_answer follow(const api_request& look, const send_request& send, const pause_for& pause,
                  const std::function<bool(const api_answer&)>& is_over) {
    poll_pace pace;
    int failures = 0;
    for (;;) {
        api_answer said = send(look);
        if (said.is_success()) {
            failures = 0;
            if (is_over(said))
                return said;
        } else if (!may_pass(said) || ++failures > failures_max) {
            return said;
        }
        if (!pause(pace.next()))
            return said;
    }
}

} // namespace outreachd::outreach
