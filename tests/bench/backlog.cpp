#include "tests/bench/backlog.hpp"

#include "daemon/dispatch/router.hpp"
#include "tests/bench/appends_under_way.hpp"
#include "tests/bench/bench_event.hpp"
#include "tests/bench/signed_request.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include <unistd.h>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

/// Enough to keep the writer at it, and some MB of bodies.
constexpr std::uint64_t in_flight_max = 8192;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "%s: the store failed: %s\n", program_invocation_short_name, why.c_str());
    std::_Exit(1);
}

store::route_decision route_of(const backlog_plan& plan) {
    if (plan.waits_for_broker)
        return
            [](const store::stored_event& stored) { return std::optional{store::route_to_outbox(stored)}; };
    return [router = dispatch::router(routes_to(plan.handlers))](const store::stored_event& stored) {
        return std::optional{router.decide(stored)};
    };
}

} // namespace

void failing_observer::write_failed(std::string_view cause) {
    give_up(std::string{cause});
}

void failing_observer::read_failed(std::string_view cause) {
    give_up(std::string{cause});
}

void failing_observer::set_aside(std::string_view file, std::string_view, std::string_view cause) {
    give_up(std::string{file} + " was set aside: " + std::string{cause});
}

void failing_observer::damaged(store::sequence, std::string_view file) {
    give_up("a row of " + std::string{file} + " is damaged");
}

std::vector<settings::route> routes_to(std::uint32_t handlers) {
    std::vector<settings::route> routes;
    for (std::uint32_t index = 0; index < handlers; ++index) {
        settings::route route;
        route.match = {"task." + handler_name(index)};
        route.to = {handler_name(index)};
        routes.push_back(std::move(route));
    }
    return routes;
}

store::options unbounded_store(const std::string& directory) {
    store::options chosen;
    chosen.directory = directory;
    chosen.retention.size_bytes_max = std::numeric_limits<std::int64_t>::max();
    return chosen;
}

void fill_up(store::store& to, const backlog_plan& plan, std::uint64_t& next_id,
             const std::function<void(std::uint64_t)>& progress) {
    to.route_at_append(route_of(plan));
    const std::uint64_t before = to.accounts().pending;
    const std::uint64_t missing = plan.pending > before ? plan.pending - before : 0;
    appends_under_way under_way(in_flight_max);
    auto told_at = std::chrono::steady_clock::now();
    for (std::uint64_t done = 0; done < missing; ++done, ++next_id) {
        under_way.enter();
        const auto handler = static_cast<std::uint32_t>(next_id % plan.handlers);
        const auto now = std::chrono::steady_clock::now();
        to.append(make_event(next_id, handler, plan.body_bytes), 24h, now + 1h,
                  [&under_way](error_code ec, const store::append_result&) { under_way.leave(ec); });
        if (progress && now - told_at > 200ms) {
            told_at = now;
            progress(before + done);
        }
    }
    under_way.wait_for_all();
    to.route_at_append(nullptr);
}

void prepare_backlog(const std::string& directory, const backlog_plan& plan,
                     const std::function<void(std::uint64_t)>& progress) {
    failing_observer watcher;
    store::store backing(unbounded_store(directory), watcher);
    std::uint64_t next_id = fresh_first_id();
    fill_up(backing, plan, next_id, progress);
    backing.stop(10min);
}

void show_progress(const std::string& what, std::uint64_t done, std::uint64_t wanted) {
    if (::isatty(STDERR_FILENO) != 0)
        std::fprintf(stderr, "\r%s: %llu of %llu   ", what.c_str(), static_cast<unsigned long long>(done),
                     static_cast<unsigned long long>(wanted));
}

} // namespace outreachd::bench
