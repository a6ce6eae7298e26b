#include "daemon/amqp/drain_window.hpp"

#include <algorithm>

namespace outreachd::amqp {

namespace {

constexpr std::chrono::milliseconds interval{250};
constexpr std::uint64_t enough = 4; // times the rate at which events come in
constexpr std::uint64_t too_much = 8;
// Of an interval, so 1,000 and 2,000 a second, however little comes in.
constexpr std::uint64_t enough_at_least = 250;
constexpr std::uint64_t too_much_at_least = 500;
constexpr std::size_t shrinks_to = 32;

} // namespace

drain_window::drain_window(std::size_t most)
    : least_(std::max<std::size_t>(most / shrinks_to, 1)), most_(most), size_(least_) {}

void drain_window::look(steady_time now, std::uint64_t received, std::uint64_t published) {
    if (last_ && now - last_->at < interval)
        return;
    if (last_) {
        const std::uint64_t came = received - last_->received;
        const std::uint64_t left = published - last_->published;
        if (came == 0)
            size_ = most_;
        else if (left > std::max(came * too_much, too_much_at_least))
            size_ = std::max(size_ / 2, least_);
        else if (left < std::max(came * enough, enough_at_least))
            size_ = std::min(size_ * 2, most_);
    }
    last_ = count{now, received, published};
}

} // namespace outreachd::amqp
