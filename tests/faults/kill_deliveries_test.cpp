/// Guarantee G7: whenever the process is killed, every delivery ends done or dead, what is repeated ran at
/// that moment, and a resource's events come in order, retries included.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/http_receiver.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

#ifdef OUTREACHD_SANITIZED
constexpr int kills = 10;
constexpr std::uint64_t events = 2'000;
#else
constexpr int kills = 100;
constexpr std::uint64_t events = 20'000;
#endif
constexpr std::uint64_t resources = 500;
constexpr int workers = 8;

/// A body of that resource; `serial` makes it another event than the rest, and tells the order.
std::string body_of(std::uint64_t resource, std::uint64_t serial) {
    return R"({"data":{"type":"task","id":)" + std::to_string(resource) + R"(,"attributes":{"serial":)" +
           std::to_string(serial) + R"(}},"meta":{"eventName":"task.updated"}})";
}

std::uint64_t number_behind(const std::string& text, const std::string& key) {
    return std::stoull(text.substr(text.find(key) + key.size()));
}

/// What came, as a receiver sees it that fails one call in seven and refuses some events for good.
class flaky_receiver {
public:
    reply take(const received_call& call) {
        const std::uint64_t resource = number_behind(call.body, R"("id":)");
        const std::uint64_t serial = number_behind(call.body, R"("serial":)");
        const std::lock_guard lock(mutex_);
        const bool fails = random_() % 7 == 0;
        seen& of = by_resource_[resource];
        // A call may come again; one that came before all later ones must not come behind them.
        if (serial < of.newest)
            ++of.out_of_order;
        of.newest = std::max(of.newest, serial);
        if (fails)
            return {.status = 503};
        const bool is_refused = serial % 50 == 0;
        ++ends_[call.fields.at("idempotency-key")];
        return {.status = is_refused ? 400U : 200U, .body = "said so"};
    }

    std::uint64_t ended() const {
        const std::lock_guard lock(mutex_);
        return ends_.size();
    }

    std::uint64_t repeated() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = 0;
        for (const auto& [id, times] : ends_)
            count += times - 1;
        return count;
    }

    std::uint64_t out_of_order() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = 0;
        for (const auto& [resource, of] : by_resource_)
            count += of.out_of_order;
        return count;
    }

private:
    struct seen {
        std::uint64_t newest = 0;
        std::uint64_t out_of_order = 0;
    };

    mutable std::mutex mutex_;
    std::minstd_rand random_;
    std::map<std::uint64_t, seen> by_resource_;
    std::map<std::string, std::uint64_t>
        ends_; ///< Deliveries by their ids: how often they got a last answer.
};

TEST(KillDeliveries, EndsEachDoneOrDead) {
    const auto seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> life(50, 400);

    flaky_receiver receiver;
    const http_receiver server([&](const received_call& call) { return receiver.take(call); });
    daemon_under_test daemon({.handlers = "  crm: {type: http, url: \"" + server.url("/hook") +
                                          "\", concurrency: " + std::to_string(workers) +
                                          ", retry: {attempts: 1000, initial: 20ms, max: 100ms}}\n",
                              .routes = "  - {match: \"*\", to: [crm]}\n"});
    daemon.start();
    auto client = std::make_unique<wire_client>(daemon.port());
    int killed = 0;
    auto next_kill = std::chrono::steady_clock::now() + std::chrono::milliseconds{life(random)};
    for (std::uint64_t serial = 1; serial <= events;) {
        if (killed < kills && std::chrono::steady_clock::now() > next_kill) {
            daemon.kill();
            daemon.start();
            ++killed;
            next_kill = std::chrono::steady_clock::now() + std::chrono::milliseconds{life(random)};
        }
        const bool is_sent =
            client->is_connected() && client->send(signed_post(body_of(serial % resources, serial)));
        if (is_sent && client->read_answer().status == 200)
            ++serial;
        else // the same once more: a repeat, where it was stored
            client = std::make_unique<wire_client>(daemon.port());
    }
    for (; killed < kills; ++killed) {
        sleep_for(std::chrono::milliseconds{life(random)});
        daemon.kill();
        daemon.start();
    }
    ASSERT_TRUE(daemon.drained());
    std::cout << kills << " kills: " << receiver.ended() << " deliveries, " << receiver.repeated()
              << " repeats, " << receiver.out_of_order() << " out of order\n";
    EXPECT_EQ(receiver.ended(), events);
    EXPECT_LE(receiver.repeated(), static_cast<std::uint64_t>(kills * workers));
    EXPECT_EQ(daemon.metric("outreachd_dead{handler=\"crm\"}"), static_cast<double>(events / 50));
    EXPECT_EQ(daemon.metric("outreachd_pending{handler=\"crm\"}"), 0);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_EQ(receiver.out_of_order(), 0U);
}

} // namespace
} // namespace outreachd::tests
