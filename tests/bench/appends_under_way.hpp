/// Events that were given to a store, and aren't answered yet.
#pragma once

#include "daemon/event/errc.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace outreachd::bench {

/// Counts them, and lets the thread that appends wait until there is room. Two threads: that one and the
/// store's.
class appends_under_way {
public:
    explicit appends_under_way(std::uint64_t most) : most_(most) {}

    /// Blocks while there are as many as there may be.
    void enter();
    void leave(error_code ec);
    /// Throws std::runtime_error where one couldn't be stored.
    void wait_for_all();

private:
    const std::uint64_t most_;
    std::mutex mutex_; ///< Guards all below.
    std::condition_variable changed_;
    std::uint64_t count_ = 0;
    error_code failure_;
};

} // namespace outreachd::bench
