/// The right to send a large answer, which one connection has at a time.
#pragma once

#include <cstddef>
#include <utility>

namespace outreachd::admin {

/// An event of 16 MiB is up to 96 MiB as JSON; sent to all connections at once it would be all of a small
/// machine's memory. So of answers above a bound one is sent at a time.
class large_answer {
public:
    static constexpr std::size_t small_bytes_max = 1024 * 1024;

    /// `is_taken` is shared by all connections of the admin thread and outlives this.
    large_answer(std::size_t bytes, bool& is_taken)
        : is_taken_(is_taken), is_large_(bytes > small_bytes_max),
          is_refused_(is_large_ && std::exchange(is_taken, true)) {}

    ~large_answer() {
        if (is_large_ && !is_refused_)
            is_taken_ = false;
    }

    large_answer(const large_answer&) = delete;
    large_answer& operator=(const large_answer&) = delete;

    bool is_refused() const noexcept { return is_refused_; }

private:
    bool& is_taken_;
    const bool is_large_;
    const bool is_refused_;
};

} // namespace outreachd::admin
