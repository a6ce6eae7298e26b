#include "daemon/ingress/body_budget.hpp"

#include <algorithm>

namespace outreachd::ingress {

bool body_budget::take(std::uint64_t bytes) noexcept {
    std::uint64_t left = bytes_left_.load(std::memory_order_relaxed);
    while (left >= bytes)
        if (bytes_left_.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed))
            return true;
    return false;
}

void body_budget::give_back(std::uint64_t bytes) noexcept {
    bytes_left_.fetch_add(bytes, std::memory_order_relaxed);
}

body_share::~body_share() {
    if (bytes_ > 0)
        from_.give_back(bytes_);
}

bool body_share::make_room(std::string& body, std::size_t more, std::uint64_t body_bytes_max) {
    const std::uint64_t needed = std::min<std::uint64_t>(body.size() + more, body_bytes_max);
    if (needed <= small_body_bytes_max || needed <= bytes_)
        return true;
    // Twice as much each time, so that a sender has to send what it makes us hold.
    const std::uint64_t wanted = std::min(std::max(needed, 2 * bytes_), body_bytes_max);
    if (!from_.take(wanted - bytes_))
        return false;
    bytes_ = wanted;
    if (body.capacity() < wanted) {
        std::string larger; // A string that grows may take more than it is asked for.
        larger.reserve(wanted);
        larger.append(body);
        body.swap(larger);
    }
    return true;
}

} // namespace outreachd::ingress
