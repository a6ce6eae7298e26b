#include "daemon/systemd_notices.hpp"

#include "daemon/text/ascii.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <ctime>

namespace outreachd {

namespace {

std::int64_t monotonic_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

/// What is behind another line would be heard as something else that we say. It may be a broker's words.
std::string in_one_line(std::string text) {
    std::ranges::replace_if(text, is_control_character, ' ');
    return text;
}

void tell(const std::string& what) {
    sd_notify(0, what.c_str()); // one that isn't heard changes nothing for us
}

} // namespace

void systemd_notices::tell_ready() {
    tell("READY=1");
}

void systemd_notices::tell_reloading() {
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()));
}

void systemd_notices::tell_stopping() {
    tell("STOPPING=1\nSTATUS=stopping: answers what is in flight, finishes deliveries or gives them back");
}

void systemd_notices::tell_life(const std::string& status, const std::optional<std::string>& failure) {
    const bool is_dead = failure && has_failed_;
    has_failed_ = failure.has_value();
    const std::string now = in_one_line(failure ? *failure : status);
    if (now != shown_)
        tell("STATUS=" + now);
    shown_ = now;
    if (sd_watchdog_enabled(0, nullptr) > 0)
        tell(is_dead ? "WATCHDOG=trigger" : "WATCHDOG=1");
}

} // namespace outreachd
