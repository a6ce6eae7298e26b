/// The dispatcher on the real store, in a directory of its own.
#include "daemon/dispatch/dispatcher.hpp"
#include "handlers/registry.hpp"
#include "tests/unit/dispatch/dispatch_bench.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <set>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(RealStore, DeliversToAFileOnceOverARestart) {
    const handlers::test::scratch_directory directory;
    const std::string path = directory / "events.jsonl";
    log::logger log(log::level::error, log::format::text);
    metrics::metrics metrics;
    store::recording_observer watcher;
    constexpr std::size_t each = 200;

    int next_id = 0;
    for (int run = 0; run < 2; ++run) {
        store::store backing({directory / "store"}, watcher);
        // The first half comes before the dispatcher, and is read back.
        for (std::size_t i = 0; i < each / 2; ++i)
            store::append(backing, store::task_body(next_id++));
        auto configured = quick_handler("audit");
        configured.type = settings::file_handler{path, false};
        std::vector<equipped_handler> equipped;
        equipped.push_back(
            {configured, handlers::make_handler(configured, log, std::make_shared<expression::engine>(1))});
        dispatcher dispatcher(backing, {{{"task.*"}, {"audit"}}}, std::move(equipped), log, metrics);
        dispatcher.start();
        for (std::size_t i = 0; i < each / 2; ++i)
            store::append(backing, store::task_body(next_id++));
        const auto expected = each * static_cast<std::size_t>(run + 1);
        EXPECT_TRUE(store::eventually([&] { return backing.accounts().done == expected; }));
        EXPECT_TRUE(dispatcher.stop(10s));
        EXPECT_EQ(backing.accounts().unaccounted(), 0);
        backing.stop(10s);
    }
    const auto lines = handlers::test::lines_of(path);
    EXPECT_EQ(lines.size(), 2 * each);
    EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 2 * each);
}

TEST(RealStore, KeepsAFailedDeliveryForTheNextStart) {
    const handlers::test::scratch_directory directory;
    log::logger log(log::level::error, log::format::text);
    metrics::metrics metrics;
    store::recording_observer watcher;
    const auto runs = std::make_shared<run_log>();
    auto configured = quick_handler("crm");
    configured.retry = {.attempts_max = 5, .initial = 50ms, .factor = 1, .max = 50ms, .jitter = 0};
    bool succeeds = false;
    for (int run = 0; run < 2; ++run) {
        store::store backing({directory / "store"}, watcher);
        succeeds = run == 1;
        std::vector<equipped_handler> equipped;
        equipped.push_back(
            {configured, std::make_unique<scripted_handler>(runs, [&](const handlers::attempt&) {
                 return succeeds ? outcome::done() : outcome::retry("not yet");
             })});
        dispatcher dispatcher(backing, {{{"*"}, {"crm"}}}, std::move(equipped), log, metrics);
        dispatcher.start();
        if (run == 0) {
            store::append(backing, store::task_body(1));
            EXPECT_TRUE(store::eventually([&] { return !runs->runs().empty(); }));
        } else {
            EXPECT_TRUE(store::eventually([&] { return backing.accounts().done == 1; }));
        }
        EXPECT_TRUE(dispatcher.stop(10s));
        backing.stop(10s);
    }
    const auto all = runs->runs();
    ASSERT_GE(all.size(), 2U);
    // The number goes on where the first start left it, and so does the delivery's id.
    EXPECT_EQ(all.back().number, all.size());
    EXPECT_EQ(all.front().delivery, all.back().delivery);
}

} // namespace
} // namespace outreachd::dispatch
