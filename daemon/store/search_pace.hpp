/// How a long search goes on beside threads that somebody waits for.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <thread>

namespace outreachd::store {

/// The clock and the scheduler of whoever searches.
struct searching_thread {
    static steady_time now() noexcept { return std::chrono::steady_clock::now(); }

    static void yield() noexcept { std::this_thread::yield(); }
};

/// Of one search, which looks at many rows and computes all the while. Says when its time is over, and gives
/// its core away every 250 us: a thread that wakes gets the core of one that computes only when the latter's
/// time slice is over, some milliseconds (Linux with EEVDF, since 6.6), and where cores are few an ack would
/// wait as long. Where nobody wants the core that costs a microsecond; else it is the search that waits.
template <typename Thread>
class basic_search_pace {
public:
    static constexpr std::chrono::microseconds slice{250};
    static constexpr unsigned rows_per_look = 8; ///< At the clock: a row may take less than that.

    explicit basic_search_pace(std::chrono::milliseconds time_max) noexcept
        : give_up_at_(Thread::now() + time_max), yield_at_(Thread::now() + slice) {}

    /// Before each row.
    void next() noexcept {
        if (rows_++ % rows_per_look != 0)
            return;
        const steady_time now = Thread::now();
        is_over_ = is_over_ || now >= give_up_at_;
        is_slice_over_ = is_slice_over_ || now >= yield_at_;
    }

    /// The row that comes is the last one.
    bool is_over() const noexcept { return is_over_; }

    bool is_slice_over() const noexcept { return is_slice_over_; }

    /// Where the slice is over. Not with a read transaction open, which would go on for as long.
    void give_way() noexcept {
        if (!is_slice_over_)
            return;
        Thread::yield();
        yield_at_ = Thread::now() + slice;
        is_slice_over_ = false;
    }

private:
    const steady_time give_up_at_;
    steady_time yield_at_;
    unsigned rows_ = 0;
    bool is_over_ = false;
    bool is_slice_over_ = false;
};

using search_pace = basic_search_pace<searching_thread>;

} // namespace outreachd::store
