#include "tests/bench/counted_moment.hpp"

#include "tests/bench/process_usage.hpp"

#include <algorithm>
#include <thread>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

/// A fiftieth of the time so far.
std::chrono::nanoseconds until_next_look(std::chrono::nanoseconds elapsed) {
    return std::clamp<std::chrono::nanoseconds>(elapsed / 50, 200us, 50ms);
}

} // namespace

counted_moment counted_moment::now(std::uint64_t count) {
    return {std::chrono::steady_clock::now(), own_cpu(), count};
}

counted_moment wait_for_count(const std::function<std::uint64_t()>& count, std::uint64_t wanted,
                              std::chrono::nanoseconds limit) {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
        const auto elapsed = std::chrono::steady_clock::now() - begin;
        const std::uint64_t reached = count();
        if (elapsed >= limit || reached >= wanted)
            return counted_moment::now(reached);
        std::this_thread::sleep_for(until_next_look(elapsed));
    }
}

} // namespace outreachd::bench
