/// Bounds the memory of large bodies that nobody has vouched for yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace outreachd::ingress {

/// Bodies up to this are free of it: connections are few enough for them, and Outreach's are smaller.
inline constexpr std::size_t small_body_bytes_max = 64 * 1024;

/// What all large bodies in hand may hold together. Any thread.
class body_budget {
public:
    explicit body_budget(std::uint64_t bytes_max) noexcept : bytes_left_(bytes_max) {}

    /// False, and nothing is taken, where less is left.
    bool take(std::uint64_t bytes) noexcept;
    void give_back(std::uint64_t bytes) noexcept;

private:
    std::atomic<std::uint64_t> bytes_left_;
};

/// One body's share of the budget, which goes back with it.
class body_share {
public:
    explicit body_share(body_budget& from) noexcept : from_(from) {}

    ~body_share();
    body_share(const body_share&) = delete;
    body_share& operator=(const body_share&) = delete;

    /// Lets `body` take `more` bytes without growing its memory, which never becomes larger than
    /// `body_bytes_max` where that is enough. False where the budget doesn't allow it.
    bool make_room(std::string& body, std::size_t more, std::uint64_t body_bytes_max);

private:
    body_budget& from_;
    std::uint64_t bytes_ = 0;
};

} // namespace outreachd::ingress
