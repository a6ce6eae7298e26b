#include "daemon/amqp/exchange_lag.hpp"

#include <chrono>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;

constexpr auto lag_patience = 2s;
constexpr auto caution = 15s; // longer than a confirm is waited for, so that to give up is no recovery
constexpr std::size_t waiting_max = 16;

} // namespace

void exchange_lag::look(steady_time now, std::optional<steady_time> waits_since) {
    if (waits_since && now - *waits_since >= lag_patience) {
        behind_until_ = now + caution;
        has_confirmed_ = false;
    } else if (behind_until_ && now >= *behind_until_ && has_confirmed_) {
        behind_until_.reset();
    }
}

bool exchange_lag::may_send(std::size_t waiting) const {
    return !is_behind() || waiting < waiting_max;
}

} // namespace outreachd::amqp
