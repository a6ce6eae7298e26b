/// `dispatch`: what it fills is delivered and counted, and costs are held against each other rightly.

#include "tests/bench/dispatch_report.hpp"
#include "tests/bench/own_process.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

TEST(DispatchRun, DeliversAndCountsEachOfTheWindow) {
    const store::temporary_directory directory;
    dispatch_plan plan;
    plan.backlog = {200, 3, 400};
    plan.concurrency = 2;
    plan.deliveries = 500; // more than is pending: it is filled up again
    plan.longest = 60s;
    plan.make_handler = make_idle_handler;
    prepare_backlog(directory.path(), plan.backlog, {});
    const dispatch_result result = run_dispatch(directory.path(), plan);
    EXPECT_GE(result.deliveries, 500U);
    EXPECT_GT(result.cpu, 0ns);
    EXPECT_GT(result.elapsed, 0ns);
    EXPECT_GT(result.peak_resident_bytes, 1024U * 1024U);

    failing_observer watcher;
    store::store left({directory.path()}, watcher);
    const auto accounts = left.accounts();
    EXPECT_EQ(accounts.unaccounted(), 0);
    EXPECT_EQ(accounts.done + accounts.pending, accounts.received);
    EXPECT_EQ(accounts.dead + accounts.unrouted, 0U);
    EXPECT_EQ(left.depths().size(), 3U);
}

TEST(DispatchReport, HoldsTheDeepestAgainstTheShallowest) {
    const auto row = [](std::uint64_t pending, std::uint32_t concurrency, std::chrono::nanoseconds cpu) {
        return dispatch_row{pending, 1, concurrency, {100, 1s, cpu, 0}};
    };
    const std::vector<dispatch_row> rows = {row(1000, 4, 30us), row(10, 4, 10us), row(100, 4, 90us),
                                            row(10, 1, 20us), row(1000, 1, 31us)};
    const auto ratios = cost_ratios(rows);
    ASSERT_EQ(ratios.size(), 2U);
    EXPECT_DOUBLE_EQ(ratios[0].ratio, 1.55);
    EXPECT_DOUBLE_EQ(ratios[1].ratio, 3);
    EXPECT_NE(as_text(rows).find("concurrency 1: 1.55 (OVER 1.5"), std::string::npos) << as_text(rows);
    EXPECT_TRUE(cost_ratios({row(10, 1, 20us)}).empty());
}

TEST(OwnProcess, GivesTheResultOrSaysThatThereIsNone) {
    const pid_t here = ::getpid();
    EXPECT_NE(in_own_process<pid_t>([] { return ::getpid(); }), here);
    EXPECT_THROW(in_own_process<int>([]() -> int { throw std::runtime_error("on purpose"); }),
                 std::runtime_error);
    EXPECT_THROW(in_own_process<int>([]() -> int { ::_exit(0); }), std::runtime_error);
}

} // namespace

} // namespace outreachd::bench
