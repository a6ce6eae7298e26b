/// Starts threads that take no signals.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

#include <pthread.h>

namespace outreachd::admin {

/// A thread named `name` (at most 15 bytes) with all signals blocked: those are the main thread's.
template <typename Run>
std::thread start_quiet_thread(const char* name, Run run) {
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);

    struct restore {
        const sigset_t& mask;

        ~restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } const afterwards{before};

    std::thread started{std::move(run)};
    pthread_setname_np(started.native_handle(), name);
    return started;
}

} // namespace outreachd::admin
