#include "daemon/ingress/body_budget.hpp"

#include <algorithm>

namespace outreachd::ingress {
namespace {

std::uint64_t beyond_free(std::uint64_t bytes) noexcept {
    return bytes > free_bytes_max ? bytes - free_bytes_max : 0;
}

} // namespace

bool body_budget::take(std::uint64_t bytes, std::uint64_t leaving) noexcept {
    std::uint64_t left = bytes_left_.load(std::memory_order_relaxed);
    while (left >= leaving && left - leaving >= bytes)
        if (bytes_left_.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed))
            return true;
    return false;
}

void body_budget::give_back(std::uint64_t bytes) noexcept {
    bytes_left_.fetch_add(bytes, std::memory_order_relaxed);
}

bool body_budget::is_held_by_small() const noexcept {
    // Others go on meanwhile: the sum may be over all there is for a moment.
    const std::uint64_t others =
        bytes_left_.load(std::memory_order_relaxed) + bytes_of_large_.load(std::memory_order_relaxed);
    return others < bytes_max_ - left_by_large();
}

bool body_budget::is_held_for_store() const noexcept {
    const std::uint64_t held = bytes_for_store_.load(std::memory_order_relaxed);
    return held > 0 && held >= bytes_max_ / 4;
}

body_share::~body_share() {
    give_back();
}

bool body_share::hold_beside(std::uint64_t bytes) noexcept {
    return cover(body_bytes_, bytes);
}

bool body_share::make_room(std::string& body, std::size_t more, std::uint64_t body_bytes_max) {
    const std::uint64_t needed = std::min<std::uint64_t>(body.size() + more, body_bytes_max);
    if (needed <= body_bytes_)
        return true;
    // Twice what has come, so that a sender has to send what it makes us hold, and little is copied.
    std::uint64_t wanted = std::max(needed, std::min<std::uint64_t>(2 * body.size(), body_bytes_max));
    if (needed <= small_body_bytes_max) // Or it would be taken for a large one.
        wanted = std::min<std::uint64_t>(wanted, small_body_bytes_max);
    if (!cover(wanted, beside_bytes_))
        return false;
    if (body.capacity() < wanted) {
        std::string larger; // A string that grows may take more than it is asked for.
        larger.reserve(wanted);
        larger.append(body);
        body.swap(larger);
    }
    return true;
}

std::size_t body_share::room_in(const std::string& body) const noexcept {
    return body_bytes_ > body.size() ? body_bytes_ - body.size() : 0;
}

void body_share::wait_for_store() noexcept {
    if (taken_ == 0 || waits_for_store_)
        return;
    waits_for_store_ = true;
    from_.bytes_for_store_.fetch_add(taken_, std::memory_order_relaxed);
}

void body_share::give_back(std::uint64_t beside_bytes) noexcept {
    body_bytes_ = 0;
    beside_bytes_ = beside_bytes;
    if (taken_ == 0)
        return;
    if (is_large_)
        from_.bytes_of_large_.fetch_sub(taken_, std::memory_order_relaxed);
    if (waits_for_store_)
        from_.bytes_for_store_.fetch_sub(taken_, std::memory_order_relaxed);
    is_large_ = waits_for_store_ = false;
    const std::uint64_t kept = std::min(taken_, beyond_free(beside_bytes));
    from_.give_back(taken_ - kept);
    taken_ = kept;
}

bool body_share::cover(std::uint64_t body_bytes, std::uint64_t beside_bytes) noexcept {
    const std::uint64_t wanted = beyond_free(body_bytes + beside_bytes);
    if (wanted > taken_) {
        const bool is_large = body_bytes > small_body_bytes_max;
        if (!from_.take(wanted - taken_, is_large ? from_.left_by_large() : 0)) {
            missing_ = {wanted - taken_, is_large};
            return false;
        }
        if (is_large)
            from_.bytes_of_large_.fetch_add(is_large_ ? wanted - taken_ : wanted, std::memory_order_relaxed);
        is_large_ = is_large;
        taken_ = wanted;
    }
    body_bytes_ = body_bytes;
    beside_bytes_ = beside_bytes;
    return true;
}

} // namespace outreachd::ingress
