#include "tests/bench/backlog.hpp"

#include "daemon/dispatch/router.hpp"
#include "daemon/event/event_reader.hpp"
#include "daemon/signature/verifier.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

/// Enough to keep the writer at it, and some MB of bodies.
constexpr std::uint64_t in_flight_max = 8192;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "dispatch: the store failed: %s\n", why.c_str());
    std::_Exit(1);
}

/// A `task.h<number>` of about `bytes`.
std::string body_of(std::uint64_t id, std::uint32_t handler, std::size_t bytes) {
    std::string body = R"({"data":{"type":"task","id":)" + std::to_string(id) + R"(,"attributes":{"note":")";
    const std::string end = R"("}},"meta":{"eventName":"task.)" + handler_name(handler) +
                            R"(","deliveredAt":"2026-04-01T09:20:00.955-07:00"}})";
    if (body.size() + end.size() < bytes)
        body.append(bytes - body.size() - end.size(), 'n');
    return body + end;
}

verified_event event_of(std::string body) {
    static const signature::verifier unsigned_endpoint{{{}, true}};
    received_request request;
    request.endpoint = "/webhooks/outreach";
    request.source = "outreach";
    request.received_at = wall_now();
    request.content_type = "application/json";
    request.body = std::move(body);
    return unsigned_endpoint.verify(request).value();
}

/// Counts what is on its way, and lets a thread wait until there is room.
class in_flight {
public:
    void enter() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return count_ < in_flight_max; });
        ++count_;
    }

    void leave(error_code ec) {
        const std::lock_guard lock(mutex_);
        if (ec)
            failure_ = ec;
        // Not for each: a waiting thread would be woken for one place.
        if (--count_ == 0 || count_ == in_flight_max / 2)
            changed_.notify_all();
    }

    void wait_for_all() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return count_ == 0; });
        if (failure_)
            throw std::runtime_error("an event can't be stored: " + failure_.message());
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t count_ = 0;
    error_code failure_;
};

} // namespace

void failing_observer::write_failed(std::string_view cause) {
    give_up(std::string{cause});
}

void failing_observer::set_aside(std::string_view file, std::string_view, std::string_view cause) {
    give_up(std::string{file} + " was set aside: " + std::string{cause});
}

void failing_observer::damaged(store::sequence, std::string_view file) {
    give_up("a row of " + std::string{file} + " is damaged");
}

std::string handler_name(std::uint32_t index) {
    return "h" + std::to_string(index);
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

void fill_up(store::store& to, const backlog_plan& plan, std::uint64_t& next_id,
             const std::function<void(std::uint64_t)>& progress) {
    const dispatch::router router(routes_to(plan.handlers));
    to.route_at_append(
        [&](const store::stored_event& stored) { return std::optional{router.decide(stored)}; });
    const std::uint64_t before = to.accounts().pending;
    const std::uint64_t missing = plan.pending > before ? plan.pending - before : 0;
    in_flight under_way;
    auto told_at = std::chrono::steady_clock::now();
    for (std::uint64_t done = 0; done < missing; ++done, ++next_id) {
        under_way.enter();
        const auto handler = static_cast<std::uint32_t>(next_id % plan.handlers);
        const auto now = std::chrono::steady_clock::now();
        to.append(event_of(body_of(next_id, handler, plan.body_bytes)), 24h, now + 1h,
                  [&under_way](error_code ec, const store::append_result&) { under_way.leave(ec); });
        if (progress && now - told_at > 200ms) {
            told_at = now;
            progress(before + done);
        }
    }
    under_way.wait_for_all();
    to.route_at_append(nullptr);
}

} // namespace outreachd::bench
