/// The order of one handler's deliveries, without threads or a clock.
#include "daemon/dispatch/lane_queue.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using sequences = std::vector<sequence>;

constexpr steady_time start{1h};
constexpr wall_time wall_start{1h};

/// A queue that has seen the store empty, so that it takes offers.
lane_queue caught_up(lane_limits limits = {}, bool is_ordered = true) {
    lane_queue queue(is_ordered, limits);
    queue.load({}, true, {start, wall_start, 1h});
    return queue;
}

void offer(lane_queue& to, sequence at, std::uint64_t key = 0, std::size_t body_bytes = 1) {
    auto made = std::make_shared<event>();
    made->body.assign(body_bytes, 'x');
    to.offer({at, key, 0, std::move(made)});
}

store::unfinished_delivery unfinished(sequence at, std::uint64_t key = 0) {
    return {at, store::delivery_state::pending, 0, {}, key};
}

sequences take_all(lane_queue& from, steady_time now = start) {
    sequences taken;
    while (const auto next = from.take(now))
        taken.push_back(next->at);
    return taken;
}

delivery take_one(lane_queue& from, steady_time now = start) {
    const auto next = from.take(now);
    if (!next)
        throw std::runtime_error("nothing to take");
    return *next;
}

TEST(LaneQueue, RunsOneDeliveryOfAResourceAtATimeInOrder) {
    auto queue = caught_up();
    for (const auto& [at, key] : {std::pair{1, 7U}, {2, 7U}, {3, 8U}, {4, 7U}, {5, 0U}, {6, 0U}})
        offer(queue, at, key);
    const auto first = take_one(queue);
    EXPECT_EQ(first.at, 1);
    EXPECT_EQ(take_all(queue), (sequences{3, 5, 6}));
    EXPECT_EQ(queue.blocked(), 2U);
    EXPECT_TRUE(queue.finish(first));
    const auto second = take_one(queue);
    EXPECT_EQ(second.at, 2);
    EXPECT_EQ(take_all(queue), sequences{});
    EXPECT_TRUE(queue.finish(second));
    EXPECT_EQ(take_one(queue).at, 4);
}

TEST(LaneQueue, KeepsAResourceWaitingWhileItsFirstIsRetried) {
    auto queue = caught_up();
    offer(queue, 1, 7);
    offer(queue, 2, 7);
    offer(queue, 3, 8);
    auto first = take_one(queue);
    ++first.attempts;
    queue.retry(first, start + 10s);
    EXPECT_EQ(take_all(queue, start + 9s), sequences{3});
    EXPECT_EQ(queue.next_due(), start + 10s);
    const auto again = take_one(queue, start + 10s);
    EXPECT_EQ(again.at, 1);
    EXPECT_EQ(again.attempts, 1U);
    EXPECT_EQ(again.subject, nullptr);
    queue.finish(again);
    EXPECT_EQ(take_one(queue).at, 2);
}

TEST(LaneQueue, KnowsNoOrderWhereNoneIsAskedFor) {
    auto queue = caught_up({}, false);
    for (sequence at = 1; at <= 3; ++at)
        offer(queue, at, 7);
    EXPECT_EQ(take_all(queue), (sequences{1, 2, 3}));
}

TEST(LaneQueue, ForgetsAResourceThatNobodyWaitsFor) {
    auto queue = caught_up();
    offer(queue, 1, 7);
    EXPECT_FALSE(queue.finish(take_one(queue)));
    offer(queue, 2, 7);
    EXPECT_EQ(take_one(queue).at, 2);
}

TEST(LaneQueue, TakesRetriesByTheirTimeAndInTurnsWithFreshOnes) {
    auto queue = caught_up();
    for (sequence at = 1; at <= 3; ++at)
        offer(queue, at);
    const auto first = take_one(queue);
    const auto second = take_one(queue);
    const auto third = take_one(queue);
    queue.retry(first, start + 3s);
    queue.retry(second, start + 1s);
    queue.retry(third, start + 2s);
    for (sequence at = 4; at <= 6; ++at)
        offer(queue, at);
    EXPECT_EQ(take_all(queue, start + 5s), (sequences{2, 4, 3, 5, 1, 6}));
}

TEST(LaneQueue, LeavesInTheStoreWhatExceedsTheWindow) {
    auto queue = caught_up({.runnable_max = 4});
    for (sequence at = 1; at <= 6; ++at)
        offer(queue, at);
    EXPECT_EQ(queue.ready(), 4U);
    EXPECT_EQ(queue.loaded_up_to(), 4);
    EXPECT_EQ(queue.wanted(), 0U);
    take_one(queue);
    EXPECT_EQ(queue.wanted(), 0U);
    // Half the window is free. An offer doesn't overtake what was left behind.
    take_one(queue);
    EXPECT_EQ(queue.wanted(), 2U);
    offer(queue, 7);
    EXPECT_EQ(queue.ready(), 2U);

    const std::vector<store::unfinished_delivery> rest{unfinished(5), unfinished(6)};
    queue.load(rest, false, {start, wall_start, 1h});
    EXPECT_EQ(queue.loaded_up_to(), 6);
    EXPECT_EQ(take_all(queue), (sequences{3, 4, 5, 6}));
    const std::vector<store::unfinished_delivery> last{unfinished(7)};
    queue.load(last, true, {start, wall_start, 1h});
    EXPECT_EQ(queue.wanted(), 0U);
    offer(queue, 8);
    EXPECT_EQ(take_all(queue), (sequences{7, 8}));
}

TEST(LaneQueue, KnowsADeliveryOnceThatIsBothLoadedAndOffered) {
    lane_queue queue(true, {});
    EXPECT_NE(queue.wanted(), 0U);
    const std::vector<store::unfinished_delivery> found{unfinished(1), unfinished(2)};
    queue.load(found, true, {start, wall_start, 1h});
    offer(queue, 2);
    offer(queue, 3);
    EXPECT_EQ(take_all(queue), (sequences{1, 2, 3}));
}

TEST(LaneQueue, TakesOffersOfABusyResourceEvenWithoutRoom) {
    auto queue = caught_up({.runnable_max = 1});
    offer(queue, 1, 7);
    for (sequence at = 2; at <= 100; ++at)
        offer(queue, at, 7);
    EXPECT_EQ(queue.blocked(), 99U);
    EXPECT_EQ(queue.ready(), 1U);
}

TEST(LaneQueue, DropsBodiesOverTheBoundAndKeepsTheDeliveries) {
    auto queue = caught_up({.body_bytes_max = 10});
    offer(queue, 1, 0, 6);
    offer(queue, 2, 0, 4);
    offer(queue, 3, 0, 1);
    EXPECT_EQ(queue.body_bytes(), 10U);
    EXPECT_NE(take_one(queue).subject, nullptr);
    EXPECT_NE(take_one(queue).subject, nullptr);
    EXPECT_EQ(take_one(queue).subject, nullptr);
    EXPECT_EQ(queue.body_bytes(), 0U);
}

TEST(LaneQueue, LoadsNoMoreWhileTooManyAreRetried) {
    auto queue = caught_up({.runnable_max = 10, .retrying_max = 2});
    for (sequence at = 1; at <= 3; ++at)
        offer(queue, at);
    queue.retry(take_one(queue), start + 1s);
    queue.retry(take_one(queue), start + 1s);
    offer(queue, 4);
    EXPECT_EQ(queue.loaded_up_to(), 3);
    EXPECT_EQ(queue.wanted(), 0U);
    queue.finish(take_one(queue, start + 1s));
    EXPECT_EQ(queue.wanted(), 1U);
}

TEST(LaneQueue, PlacesLoadedRetriesByTheStoresClock) {
    lane_queue queue(true, {});
    const std::vector<store::unfinished_delivery> found{
        {1, store::delivery_state::retry, 3, wall_start + 10s, 0},
        {2, store::delivery_state::retry, 1, wall_start - 10s, 0},
        // A clock that was set back a year must not hold a delivery for that year.
        {3, store::delivery_state::retry, 1, wall_start + 8'760h, 0},
    };
    queue.load(found, true, {start, wall_start, 15min});
    const auto overdue = take_one(queue);
    EXPECT_EQ(overdue.at, 2);
    EXPECT_EQ(overdue.attempts, 1U);
    EXPECT_EQ(queue.next_due(), start + 10s);
    EXPECT_EQ(take_one(queue, start + 10s).attempts, 3U);
    EXPECT_EQ(queue.next_due(), start + 15min);
}

TEST(LaneQueue, KeepsAttemptsAndDueTimeOfABlockedDelivery) {
    lane_queue queue(true, {});
    const std::vector<store::unfinished_delivery> found{
        {1, store::delivery_state::pending, 0, {}, 7},
        {2, store::delivery_state::retry, 4, wall_start + 10s, 7},
        {3, store::delivery_state::pending, 2, {}, 7},
    };
    queue.load(found, true, {start, wall_start, 15min});
    EXPECT_FALSE(queue.finish(take_one(queue)));
    EXPECT_EQ(take_all(queue), sequences{});
    const auto second = take_one(queue, start + 10s);
    EXPECT_EQ(second.attempts, 4U);
    queue.finish(second);
    EXPECT_EQ(take_one(queue).attempts, 2U);
}

TEST(LaneQueue, KnowsEachDeliveryOnceAfterARescan) {
    auto queue = caught_up();
    for (const auto& [at, key] : {std::pair{10, 7U}, {11, 7U}, {12, 8U}, {13, 9U}, {14, 9U}})
        offer(queue, at, key);
    const auto running = take_one(queue);
    const auto done_meanwhile = take_one(queue);
    queue.rescan();
    EXPECT_EQ(queue.ready() + queue.retrying() + queue.blocked(), 0U);
    EXPECT_EQ(queue.loaded_up_to(), 0);
    // 12 was still unfinished when this was read, and is done when it is loaded.
    const std::vector<store::unfinished_delivery> found{unfinished(5, 6),  unfinished(10, 7),
                                                        unfinished(11, 7), unfinished(12, 8),
                                                        unfinished(13, 9), unfinished(14, 9)};
    queue.finish(done_meanwhile);
    queue.load(found, false, {start, wall_start, 1h});
    queue.load({}, true, {start, wall_start, 1h});
    EXPECT_EQ(take_all(queue), (sequences{5, 13}));
    EXPECT_TRUE(queue.finish(running));
    EXPECT_EQ(take_all(queue), sequences{11});
}

TEST(LaneQueue, LetsNoFailingResourceStarveOthersBehindAMillionOfItsOwn) {
    auto queue = caught_up({.runnable_max = 8});
    constexpr sequence hot = 1'000'000;
    offer(queue, 1, 7);
    const auto failing = take_one(queue);
    queue.retry(failing, start + 1h);
    for (sequence at = 2; at <= hot; ++at)
        queue.offer({at, 7, 0, nullptr});
    EXPECT_EQ(queue.blocked(), static_cast<std::size_t>(hot - 1));
    offer(queue, hot + 1, 8);
    EXPECT_EQ(take_all(queue), sequences{hot + 1});
}

} // namespace
} // namespace outreachd::dispatch
