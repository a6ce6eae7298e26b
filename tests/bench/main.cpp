/// `ingest`: drives signed webhooks at an HTTPS receiver. See README.md beside this file.

#include "tests/bench/idle_connections.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/process_usage.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/slow_connections.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <thread>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace {

using namespace outreachd::bench;

std::chrono::nanoseconds as_duration(double seconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>{seconds});
}

load_plan plan_of(const options& chosen, const target& to) {
    load_plan plan;
    plan.connections = chosen.connections;
    plan.threads = chosen.threads;
    plan.rate = chosen.rate;
    plan.requests = chosen.requests;
    plan.warmup = chosen.requests ? std::chrono::nanoseconds{0} : as_duration(chosen.warmup_seconds);
    plan.measured = as_duration(chosen.seconds);
    plan.timeout = as_duration(chosen.timeout_seconds);
    plan.new_connection = chosen.new_connection;
    plan.shape.authority = to.authority;
    plan.shape.path = to.path;
    plan.shape.body_bytes = chosen.body_bytes;
    plan.shape.closes_connection = chosen.new_connection;
    plan.shape.has_event_id = chosen.event_id;
    plan.secret = chosen.secret;
    plan.first_id = fresh_first_id();
    return plan;
}

/// One handshake and no request: a wrong address is told at once, and once. Says protocol and cipher.
std::string reach(const tls_context& context, const target& to, std::chrono::nanoseconds timeout) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    tls_connection connection{context, to, epoll, 0};
    progress reached = connection.open();
    const auto end = tally::clock::now() + timeout;
    while (reached == progress::blocked && tally::clock::now() < end) {
        epoll_event event{};
        const int ready = epoll_wait(epoll, &event, 1, 50);
        reached = ready > 0 ? connection.establish() : progress::blocked;
    }
    const std::string protocol = reached == progress::done ? connection.protocol() : "";
    const std::string failure = reached == progress::blocked ? "no answer in time" : connection.failure();
    connection.close();
    ::close(epoll);
    if (protocol.empty()) {
        throw std::runtime_error{"cannot reach " + to.authority + ": " + failure};
    }
    return protocol;
}

bool run_idle(const options& chosen, const load_plan& plan, const target& to, const process_group& server) {
    tls_options tls;
    tls.allows_tls12 = chosen.tls12;
    tls.saves_memory = true;
    const tls_context context{tls};
    reach(context, to, plan.timeout);
    const idle_result result =
        hold_idle(chosen.idle, as_duration(chosen.hold_seconds), plan, context, to, server);
    std::cout << (chosen.json ? as_json(result) : as_text(result));
    return result.still_open == chosen.idle;
}

/// Blocks until all slow connections dawdle, or for `patience`: the load is to meet all of them.
void wait_until_slow(const slow_connections& slow, std::size_t wanted, std::chrono::nanoseconds patience) {
    const auto end = tally::clock::now() + patience;
    while (slow.counts().dawdling < wanted && tally::clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
}

bool run_loaded(const options& chosen, const load_plan& plan, const target& to, const process_group& server) {
    tls_options tls;
    tls.allows_tls12 = chosen.tls12;
    tls.resumes = chosen.resume;
    const tls_context context{tls};
    load_report report;
    report.protocol = reach(context, to, plan.timeout);
    report.threads = plan.threads;

    std::unique_ptr<slow_connections> slow;
    if (chosen.slow > 0) {
        const slow_plan slowness{chosen.slow, as_duration(chosen.slow_interval_seconds), plan.shape};
        slow = std::make_unique<slow_connections>(slowness, context, to);
        wait_until_slow(*slow, chosen.slow, plan.timeout);
    }
    std::chrono::nanoseconds client_before{};
    report.result = run_load(plan, context, to, [&] {
        client_before = own_cpu();
        if (!server.empty()) {
            report.server_before = server.usage();
        }
    });
    report.client_cpu = own_cpu() - client_before;
    if (!server.empty()) {
        report.server_after = server.usage();
    }
    if (slow) {
        report.slow_dawdling = slow->counts().dawdling;
        report.slow_ended = slow->counts().ended;
    }
    std::cout << (chosen.json ? as_json(report) : as_text(report));
    return is_flawless(report.result.counts, chosen.allow_resets);
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    int exit_code = 0;
    const auto chosen = read_options(argc, argv, exit_code);
    if (!chosen) {
        return exit_code;
    }
    try {
        const target to = resolve_target(chosen->url);
        const load_plan plan = plan_of(*chosen, to);
        const process_group server{chosen->server_pids, chosen->server_groups};
        constexpr std::size_t spare_descriptors = 64;
        allow_descriptors(chosen->connections + chosen->slow + spare_descriptors);
        const bool is_good =
            chosen->idle > 0 ? run_idle(*chosen, plan, to, server) : run_loaded(*chosen, plan, to, server);
        return is_good ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "ingest: " << error.what() << "\n";
        return 1;
    }
}
