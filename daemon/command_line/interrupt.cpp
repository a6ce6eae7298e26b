#include "daemon/command_line/interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace outreachd::command_line {

namespace {

/// How late a signal can be noticed by what sleeps.
constexpr std::chrono::milliseconds look_interval{50};

/// The signal may come to another thread than the one that looks.
std::atomic<bool> was_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void remember(int) {
    was_interrupted = true;
}

} // namespace

interrupt_watch::interrupt_watch() {
    was_interrupted = false;

    struct sigaction once {};

    once.sa_handler = &remember;
    // The second one finds what was there before us: the end. Blocking calls return by the first.
    once.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &once, &before_interrupt_);
    ::sigaction(SIGTERM, &once, &before_end_);
    ::sigaction(SIGHUP, &once, &before_hangup_);
    if (before_hangup_.sa_handler == SIG_IGN) // nohup
        ::sigaction(SIGHUP, &before_hangup_, nullptr);
}

interrupt_watch::~interrupt_watch() {
    ::sigaction(SIGINT, &before_interrupt_, nullptr);
    ::sigaction(SIGTERM, &before_end_, nullptr);
    ::sigaction(SIGHUP, &before_hangup_, nullptr);
}

bool interrupt_watch::is_interrupted() noexcept {
    return was_interrupted;
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
