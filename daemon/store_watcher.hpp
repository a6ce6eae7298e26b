/// What the store tells of itself, as log lines.
#pragma once

#include "daemon/ingress/log_throttle.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/store/store.hpp"

#include <chrono>
#include <cstdint>

namespace outreachd {

/// A lasting condition is logged when it begins, then every ten seconds with a count. The end of failing
/// writes is logged here, that of failing reads by those who need what they read.
class store_watcher final : public store::observer {
public:
    static constexpr std::chrono::seconds repeat_interval{10};

    explicit store_watcher(log::logger& log) : log_(log) {}

    void write_failed(std::string_view cause) override;
    void read_failed(std::string_view cause) override;
    void written(std::chrono::milliseconds took) override;
    void set_aside(std::string_view file, std::string_view fresh, std::string_view cause) override;
    void carried_over(std::string_view file, std::uint64_t events, std::uint64_t lost) override;
    void waits_for_room(std::string_view directory, std::uint64_t bytes) override;
    void damaged(store::sequence at, std::string_view file) override;
    void clock_jumped(std::chrono::seconds by) override;

private:
    log::logger& log_;
    ingress::log_throttle failed_reads_{repeat_interval};
    // The writer thread's own.
    std::uint64_t failures_ = 0;
    std::chrono::steady_clock::time_point logged_at_;
};

} // namespace outreachd
