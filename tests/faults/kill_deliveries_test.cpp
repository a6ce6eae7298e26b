/// Guarantee G7: whenever the process is killed, every delivery ends done or dead, what is repeated ran at
/// that moment, and a resource's events come in order, retries included.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/http_receiver.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

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
        note_end(call.fields.at("idempotency-key"));
        const bool is_refused = serial % 50 == 0;
        return {.status = is_refused ? 400U : 200U, .body = "said so"};
    }

    /// The daemon has been killed, and all that it sent before was taken.
    void begin_life() {
        const std::lock_guard lock(mutex_);
        lives_.emplace_back();
    }

    std::uint64_t ended() const {
        const std::lock_guard lock(mutex_);
        return ends_.size();
    }

    std::uint64_t repeated() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = 0;
        for (const life& one : lives_)
            count += one.repeated;
        return count;
    }

    /// Deliveries that may have been open, answered and not recorded yet, when the daemon was killed: one of
    /// each worker.
    std::uint64_t open_at_kills() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = 0;
        for (std::size_t at = 0; at + 1 < lives_.size(); ++at)
            count += lives_[at].open();
        return count;
    }

    /// Repeats beyond those: of more deliveries of one life than were open at its end, or within one life.
    std::uint64_t unexplained() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t count = repeated_alive_;
        for (const life& one : lives_)
            count += one.repeated - std::min(one.repeated, one.open());
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

    /// From a start of the daemon to its kill.
    struct life {
        std::uint64_t ended = 0;    ///< Deliveries that got their last answer in it.
        std::uint64_t repeated = 0; ///< Of those, as many as got it once more in a later one.

        std::uint64_t open() const { return std::min<std::uint64_t>(ended, workers); }
    };

    void note_end(const std::string& delivery) {
        const std::size_t now = lives_.size() - 1;
        const auto [earlier, is_first] = ends_.try_emplace(delivery, now);
        if (!is_first)
            ++(earlier->second == now ? repeated_alive_ : lives_[earlier->second].repeated);
        earlier->second = now;
        ++lives_[now].ended;
    }

    mutable std::mutex mutex_;
    std::minstd_rand random_;
    std::map<std::uint64_t, seen> by_resource_;
    std::map<std::string, std::size_t> ends_; ///< Deliveries by their ids: the life of their last answer.
    std::vector<life> lives_ = std::vector<life>(1);
    std::uint64_t repeated_alive_ = 0;
};

/// Until all that a killed daemon had sent was taken: its connections have come to their end.
void wait_for_the_last_of(const http_receiver& server) {
    for (int quiet = 0; quiet < 10; quiet = server.connections() == 0 ? quiet + 1 : 0)
        sleep_for(2ms);
}

TEST(KillDeliveries, EndsEachDoneOrDead) {
    const auto seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    std::mt19937 random(seed);
    // A kill somewhere in each hundredth of what is sent, so that the last comes before the last event.
    constexpr std::uint64_t stretch = events / kills;
    std::uniform_int_distribution<std::uint64_t> place(1, stretch);

    flaky_receiver receiver;
    const http_receiver server([&](const received_call& call) { return receiver.take(call); });
    daemon_under_test daemon({.handlers = "  crm: {type: http, url: \"" + server.url("/hook") +
                                          "\", concurrency: " + std::to_string(workers) +
                                          ", retry: {attempts: 1000, initial: 20ms, max: 100ms}}\n",
                              .routes = "  - {match: \"*\", to: [crm]}\n"});
    daemon.start();
    auto client = std::make_unique<wire_client>(daemon.port());
    int killed = 0;
    std::uint64_t next_kill = place(random);
    for (std::uint64_t serial = 1; serial <= events;) {
        if (killed < kills && serial >= next_kill) {
            daemon.kill();
            wait_for_the_last_of(server);
            receiver.begin_life();
            daemon.start();
            ++killed;
            next_kill = static_cast<std::uint64_t>(killed) * stretch + place(random);
        }
        const bool is_sent =
            client->is_connected() && client->send(signed_post(body_of(serial % resources, serial)));
        if (is_sent && client->read_answer().status == 200)
            ++serial;
        else // the same once more: a repeat, where it was stored
            client = std::make_unique<wire_client>(daemon.port());
    }
    EXPECT_EQ(killed, kills) << "before the last event was sent";
    ASSERT_TRUE(daemon.drained());
    std::cout << kills << " kills: " << receiver.ended() << " deliveries, " << receiver.repeated()
              << " repeats of " << receiver.open_at_kills() << " that may have been open, "
              << receiver.out_of_order() << " out of order\n";
    EXPECT_EQ(receiver.ended(), events);
    EXPECT_EQ(receiver.unexplained(), 0U);
    EXPECT_EQ(daemon.metric("outreachd_dead{handler=\"crm\"}"), static_cast<double>(events / 50));
    EXPECT_EQ(daemon.metric("outreachd_pending{handler=\"crm\"}"), 0);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_EQ(receiver.out_of_order(), 0U);
}

} // namespace
} // namespace outreachd::tests
