/// How long a change is waited for.
#include "daemon/admin/change.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace outreachd::admin {
namespace {

using namespace std::chrono_literals;

TEST(Change, AllAreCounted) {
    std::jthread writer;
    const auto counted = wait_for_changes(
        {[](const store::change_done& done) { done(2); },
         [&](store::change_done done) { writer = std::jthread{[done = std::move(done)] { done(3); }}; }});
    EXPECT_EQ(counted, 5U);
    EXPECT_EQ(wait_for_changes({}), 0U);
}

/// All together: a search has taken its part of the time in which the server waits for the answer.
TEST(Change, IsWaitedForFourSecondsInAll) {
    std::vector<store::change_done> held;
    const auto hold = [&](store::change_done done) { held.push_back(std::move(done)); };
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(wait_for_changes({hold, hold}), std::nullopt);
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(took, 4s);
    EXPECT_LT(took, 7s);
    for (const auto& each : held)
        each(1); // the disk is back, and nobody listens any more
    EXPECT_EQ(change_is_late().status, 503U);
}

TEST(Change, IsNotWaitedForWhereTheStoreHasStopped) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(wait_for_changes({[](const store::change_done&) {}}), std::nullopt);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
}

} // namespace
} // namespace outreachd::admin
