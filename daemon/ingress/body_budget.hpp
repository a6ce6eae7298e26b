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
    explicit body_budget(std::uint64_t bytes_max) noexcept : bytes_max_(bytes_max), bytes_left_(bytes_max) {}

    /// False, and nothing is taken, where less would be left than `leaving`.
    bool take(std::uint64_t bytes, std::uint64_t leaving = 0) noexcept;
    void give_back(std::uint64_t bytes) noexcept;

    /// What large bodies must leave: a quarter.
    std::uint64_t left_by_large() const noexcept { return bytes_max_ / 4; }

    /// Whether small bodies hold more than what is left to them: large ones can't have that much, whichever
    /// of the large ones end.
    bool is_held_by_small() const noexcept;

    /// Whether requests that wait for the store hold so much of it that room will come from there: a quarter.
    bool is_held_for_store() const noexcept;

private:
    friend class body_share; // which says what of it is whose

    const std::uint64_t bytes_max_;
    std::atomic<std::uint64_t> bytes_left_;
    std::atomic<std::uint64_t> bytes_of_large_{0};
    std::atomic<std::uint64_t> bytes_for_store_{0};
};

/// One request's share of the budget, which goes back with it. What is taken is kept until `give_back`.
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

    struct shortage {
        std::uint64_t bytes = 0;
        bool is_large = false; ///< For a large body.
    };

    /// What the last try that the budget didn't allow would have taken of it.
    const shortage& missing() const noexcept { return missing_; }

    /// From now on until `give_back` it is the store that is waited for.
    void wait_for_store() noexcept;

    /// The body has gone; what is held beside it yet is kept, if it was covered. For the next request:
    /// nothing.
    void give_back(std::uint64_t beside_bytes = 0) noexcept;

    std::uint64_t taken() const noexcept { return taken_; }

    bool has_taken() const noexcept { return taken_ > 0; }

    bool is_large() const noexcept { return is_large_; }

private:
    bool cover(std::uint64_t body_bytes, std::uint64_t beside_bytes) noexcept;

    body_budget& from_;
    std::uint64_t body_bytes_ = 0; ///< That the body may hold.
    std::uint64_t beside_bytes_ = 0;
    std::uint64_t taken_ = 0; ///< From the budget.
    shortage missing_;
    bool is_large_ = false; ///< Took for a large body.
    bool waits_for_store_ = false;
};

} // namespace outreachd::ingress
