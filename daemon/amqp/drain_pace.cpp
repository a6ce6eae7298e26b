#include "daemon/amqp/drain_pace.hpp"

#include <algorithm>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr double for_each_received = 2;
constexpr double each_millisecond = 1;
constexpr double together = 16;
constexpr auto free_after = 250ms;

} // namespace

drain_pace::drain_pace(std::size_t most)
    : most_(static_cast<double>(most)), together_(std::min(together, most_)), allowed_(together_) {}

void drain_pace::look(steady_time now, std::uint64_t received) {
    const std::uint64_t came = looked_at_ ? received - received_ : 0;
    if (!looked_at_ || came > 0)
        came_at_ = now;
    const milliseconds passed = now - looked_at_.value_or(now);
    allowed_ += static_cast<double>(came) * for_each_received + passed.count() * each_millisecond;
    allowed_ = std::min(allowed_, most_);
    is_gathering_ = is_gathering_ && allowed_ < together_;
    is_free_ = now - came_at_ >= free_after;
    looked_at_ = now;
    received_ = received;
}

void drain_pace::note_sent() {
    allowed_ = std::max(allowed_ - 1, 0.0);
    is_gathering_ = is_gathering_ || allowed_ < 1;
}

std::chrono::milliseconds drain_pace::pause() const {
    return std::chrono::ceil<std::chrono::milliseconds>(
        milliseconds{std::max(together_ - allowed_, 0.0) / each_millisecond});
}

} // namespace outreachd::amqp
