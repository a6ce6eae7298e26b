/// Runs a function in a process of its own, so that its memory and CPU time are its own.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <type_traits>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::bench {

/// Forks: the calling process must have one thread. Throws std::runtime_error where `work` throws in the
/// child, which says why on stderr, or where the child dies.
template <typename Result>
Result in_own_process(const std::function<Result()>& work) {
    static_assert(std::is_trivially_copyable_v<Result>);
    int ends[2];
    if (::pipe(ends) != 0)
        throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a measurement ends with its program
        try {
            const Result result = work();
            ::_exit(::write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.what());
        }
        ::_exit(1);
    }
    ::close(ends[1]);
    Result result{};
    const ssize_t got = child > 0 ? ::read(ends[0], &result, sizeof result) : 0;
    ::close(ends[0]);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0 ||
        got != static_cast<ssize_t>(sizeof result))
        throw std::runtime_error("a measuring process failed");
    return result;
}

} // namespace outreachd::bench
