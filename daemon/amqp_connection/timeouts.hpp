/// Points in time as rabbitmq-c wants them.
#pragma once

#include "daemon/amqp_connection/watchdog.hpp"

#include <algorithm>

#include <sys/time.h>

namespace outreachd::amqp_connection {

/// What is left until `deadline`; zero where it has passed.
inline timeval time_until(steady_time deadline) noexcept {
    using std::chrono::microseconds;
    const auto left = std::max(microseconds{0},
                               std::chrono::ceil<microseconds>(deadline - std::chrono::steady_clock::now()));
    return {static_cast<time_t>(left.count() / 1'000'000),
            static_cast<suseconds_t>(left.count() % 1'000'000)};
}

/// For people: `5 s`, `250 ms`.
inline std::string in_words(std::chrono::milliseconds time) {
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                    : std::to_string(time.count()) + " ms";
}

} // namespace outreachd::amqp_connection
