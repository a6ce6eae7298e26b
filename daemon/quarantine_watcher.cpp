#include "daemon/quarantine_watcher.hpp"

namespace outreachd {

/// An error: what is dropped was answered 401, and Outreach doesn't send it again.
void quarantine_watcher::failed(std::string_view cause) {
    const auto failures = failures_.count(std::chrono::steady_clock::now());
    if (!failures)
        return;
    is_told_ = true;
    log_.error("the quarantine's file can't be used: requests whose signature fits no secret are dropped",
               {{"cause", cause}, {"failures", *failures}});
}

void quarantine_watcher::worked() {
    if (!is_told_)
        return;
    is_told_ = false;
    log_.info("the quarantine's file can be used again");
}

} // namespace outreachd
