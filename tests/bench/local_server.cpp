#include "tests/bench/local_server.hpp"

#include "tests/servers/scripted_server.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::bench {

namespace {

/// Tells its port, and serves until it is killed.
[[noreturn]] void serve(int port_goes_to) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const test_servers::scripted_server server(
        [](const test_servers::recorded_request&) { return test_servers::http_status(204); });
    const std::uint16_t port = server.port();
    if (::write(port_goes_to, &port, sizeof port) == sizeof port)
        for (;;)
            ::pause();
    ::_exit(1);
}

} // namespace

local_server::local_server() {
    int ends[2];
    if (::pipe(ends) != 0)
        throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    process_ = ::fork();
    if (process_ == 0)
        serve(ends[1]);
    ::close(ends[1]);
    const bool is_told = process_ > 0 && ::read(ends[0], &port_, sizeof port_) == sizeof port_;
    ::close(ends[0]);
    if (!is_told)
        throw std::runtime_error("the HTTP server on loopback can't be started");
}

local_server::~local_server() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

} // namespace outreachd::bench
