/// Threads that take no signals: those are the main thread's.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

#include <pthread.h>

namespace outreachd {

/// As long as it lives the calling thread takes no signals; what threads it starts meanwhile never do.
class without_signals {
public:
    without_signals() noexcept {
        sigset_t all{};
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }

    ~without_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    without_signals(const without_signals&) = delete;
    without_signals& operator=(const without_signals&) = delete;

private:
    sigset_t before_{};
};

/// A thread named `name` (at most 15 bytes) with all signals blocked.
template <typename Run>
std::thread start_quiet_thread(const char* name, Run run) {
    const without_signals meanwhile;
    std::thread started{std::move(run)};
    pthread_setname_np(started.native_handle(), name);
    return started;
}

} // namespace outreachd
