/// Bounds the memory of requests that nobody has vouched for yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace outreachd::ingress {

/// Each request may hold so much beside the budget, head and body together: connections are few enough for
/// that, and most of Outreach's events are smaller.
inline constexpr std::size_t free_bytes_max = 8 * 1024;
/// Larger bodies leave a part of the budget to the others.
inline constexpr std::size_t small_body_bytes_max = 64 * 1024;

/// What all requests in hand may hold together beyond their free pieces. Any thread.
class body_budget {
public:
    explicit body_budget(std::uint64_t bytes_max) noexcept
        : left_by_large_(bytes_max / 4), bytes_left_(bytes_max) {}

    /// False, and nothing is taken, where less would be left than `leaving`.
    bool take(std::uint64_t bytes, std::uint64_t leaving = 0) noexcept;
    void give_back(std::uint64_t bytes) noexcept;

    /// What large bodies must leave: a quarter.
    std::uint64_t left_by_large() const noexcept { return left_by_large_; }

private:
    const std::uint64_t left_by_large_;
    std::atomic<std::uint64_t> bytes_left_;
};

/// One request's share of the budget, which goes back with it. Once taken it is kept until then.
class body_share {
public:
    explicit body_share(body_budget& from) noexcept : from_(from) {}

    ~body_share();
    body_share(const body_share&) = delete;
    body_share& operator=(const body_share&) = delete;

    /// Lets the request hold `bytes` beside its body. False, and nothing is changed, where the budget doesn't
    /// allow it.
    bool hold_beside(std::uint64_t bytes) noexcept;

    /// Lets `body` take `more` bytes without growing its memory, which never becomes larger than
    /// `body_bytes_max` where that is enough. False where the budget doesn't allow it.
    bool make_room(std::string& body, std::size_t more, std::uint64_t body_bytes_max);

    /// What `body` may take without asking for more.
    std::size_t room_in(const std::string& body) const noexcept;

    /// For the next request.
    void give_back() noexcept;

    std::uint64_t taken() const noexcept { return taken_; }

    bool has_taken() const noexcept { return taken_ > 0; }

private:
    bool cover(std::uint64_t body_bytes, std::uint64_t beside_bytes) noexcept;

    body_budget& from_;
    std::uint64_t body_bytes_ = 0; ///< That the body may hold.
    std::uint64_t beside_bytes_ = 0;
    std::uint64_t taken_ = 0; ///< From the budget.
};

} // namespace outreachd::ingress
