/// What the quarantine tells of itself, as log lines.
#pragma once

#include "daemon/ingress/log_throttle.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/store/quarantine.hpp"

namespace outreachd {

/// A lasting condition is logged when it begins, then every minute with a count, then when it ends. At most
/// as often where it comes and goes.
class quarantine_watcher final : public store::quarantine_observer {
public:
    explicit quarantine_watcher(log::logger& log) : log_(log) {}

    void failed(std::string_view cause) override;
    void worked() override;

private:
    log::logger& log_;
    ingress::log_throttle failures_{std::chrono::minutes{1}};
    bool is_told_ = false; ///< That it fails.
};

} // namespace outreachd
