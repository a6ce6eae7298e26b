/// What systemd is told: readiness, life, one line of status (sd_notify(3)).
#pragma once

#include <optional>
#include <string>

namespace outreachd {

/// Where nobody started us so (`NOTIFY_SOCKET`), all of it does nothing. Main thread.
class systemd_notices {
public:
    void tell_ready();
    void tell_reloading();
    void tell_stopping();

    /// To be called every few seconds: shows `status` where it is another one, and says that we live. Nothing
    /// that helps but a new start: `failure` says what; the second time in a row the watchdog, where the unit
    /// has one (`WatchdogSec=`), is told at once. Once is no proof: all of a process that was frozen, or
    /// stopped by a debugger, looks dead when it wakes.
    void tell_life(const std::string& status, const std::optional<std::string>& failure);

private:
    std::string shown_;
    bool has_failed_ = false;
};

} // namespace outreachd
