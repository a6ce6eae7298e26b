#include "daemon/command_line/interrupt.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace outreachd::command_line {

namespace {

/// How late a signal can be noticed by what sleeps.
constexpr std::chrono::milliseconds look_interval{50};

volatile std::sig_atomic_t was_interrupted = 0;

void remember(int) {
    was_interrupted = 1;
}

} // namespace

interrupt_watch::interrupt_watch() {
    was_interrupted = 0;

    struct sigaction once {};

    once.sa_handler = &remember;
    // The second one finds what was there before us: the end. Blocking calls return by the first.
    once.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &once, &before_interrupt_);
    ::sigaction(SIGTERM, &once, &before_end_);
}

interrupt_watch::~interrupt_watch() {
    ::sigaction(SIGINT, &before_interrupt_, nullptr);
    ::sigaction(SIGTERM, &before_end_, nullptr);
}

bool interrupt_watch::is_interrupted() noexcept {
    return was_interrupted != 0;
}

bool interrupt_watch::sleep_until(steady_time then) {
    while (!is_interrupted()) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= then)
            return true;
        std::this_thread::sleep_for(std::min<steady_time::duration>(look_interval, then - now));
    }
    return false;
}

} // namespace outreachd::command_line
