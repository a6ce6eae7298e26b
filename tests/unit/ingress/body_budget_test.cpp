#include "daemon/ingress/body_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace outreachd::ingress {
namespace {

constexpr std::size_t kibibyte = 1024;

TEST(BodyBudget, GivesUpToItsEndAndNoByteMore) {
    body_budget budget(100);
    EXPECT_TRUE(budget.take(60));
    EXPECT_FALSE(budget.take(41));
    EXPECT_TRUE(budget.take(40));
    EXPECT_FALSE(budget.take(1));
    budget.give_back(1);
    EXPECT_TRUE(budget.take(1));
}

TEST(BodyBudget, LeavesWhatItIsAskedToLeave) {
    body_budget budget(100);
    EXPECT_FALSE(budget.take(61, 40));
    EXPECT_TRUE(budget.take(60, 40));
    EXPECT_FALSE(budget.take(1, 40));
    EXPECT_FALSE(budget.take(1, 1000));
    EXPECT_TRUE(budget.take(40));
}

/// Or a sender would hold several times what it has sent, by sending a little at a time.
TEST(BodyShare, HoldsNoMoreThanTwiceWhatHasComeAndCopiesSeldom) {
    constexpr std::size_t largest = 16 * 1024 * kibibyte;
    body_budget budget(2 * largest);
    body_share share(budget);
    std::string body;
    std::size_t copies = 0;
    for (std::size_t piece = 1; body.size() < largest; piece = piece % 4000 + 7) {
        const std::size_t before = body.capacity();
        ASSERT_TRUE(share.make_room(body, piece, largest));
        ASSERT_LE(share.taken() + free_bytes_max, std::max(free_bytes_max, 2 * body.size() + piece));
        if (body.capacity() != before)
            ++copies;
        body.append(std::min(piece, largest - body.size()), 'x');
    }
    EXPECT_LE(copies, 24U);
    EXPECT_EQ(body.capacity(), largest);
}

TEST(BodyShare, DoesNotTakeASmallBodyForALargeOne) {
    body_budget budget(1024 * kibibyte);
    body_share share(budget);
    std::string body;
    while (body.size() < small_body_bytes_max) {
        ASSERT_TRUE(share.make_room(body, kibibyte, 1024 * kibibyte));
        body.append(kibibyte, 'x');
        EXPECT_FALSE(share.is_large()) << body.size();
    }
    ASSERT_TRUE(share.make_room(body, 1, 1024 * kibibyte));
    EXPECT_TRUE(share.is_large());
}

TEST(BodyShare, SaysWhatWasMissing) {
    body_budget budget(100 * kibibyte);
    body_share share(budget);
    std::string body;
    ASSERT_TRUE(share.make_room(body, 40 * kibibyte, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, 200 * kibibyte, 1024 * kibibyte));
    EXPECT_EQ(share.missing().bytes, 160 * kibibyte);
    EXPECT_TRUE(share.missing().is_large);
    EXPECT_FALSE(share.hold_beside(200 * kibibyte));
    EXPECT_EQ(share.missing().bytes, 200 * kibibyte);
    EXPECT_FALSE(share.missing().is_large);
}

TEST(BodyShare, KeepsWhatStandsBesideTheBodyWhereThatGoes) {
    body_budget budget(100 * kibibyte);
    body_share share(budget);
    std::string body;
    ASSERT_TRUE(share.hold_beside(10 * kibibyte));
    ASSERT_TRUE(share.make_room(body, 40 * kibibyte, 40 * kibibyte));
    share.give_back(10 * kibibyte);
    EXPECT_EQ(share.taken(), 2 * kibibyte);
    EXPECT_TRUE(budget.take(98 * kibibyte));
    EXPECT_FALSE(budget.take(1));
}

TEST(BodyBudget, KnowsWhetherSmallBodiesHoldMoreThanIsLeftToThem) {
    body_budget budget(400 * kibibyte);
    body_share large(budget);
    std::string large_body;
    ASSERT_TRUE(large.make_room(large_body, 200 * kibibyte, 200 * kibibyte));
    EXPECT_FALSE(budget.is_held_by_small());
    body_share small[2] = {body_share(budget), body_share(budget)};
    std::string small_body;
    for (body_share& one : small) {
        ASSERT_TRUE(one.make_room(small_body, small_body_bytes_max, small_body_bytes_max));
        EXPECT_EQ(budget.is_held_by_small(), &one == &small[1]);
    }
    small[0].give_back();
    EXPECT_FALSE(budget.is_held_by_small());
    large.give_back();
    EXPECT_FALSE(budget.is_held_by_small());
}

TEST(BodyBudget, KnowsWhetherItIsTheStoreThatHoldsIt) {
    body_budget budget(400 * kibibyte);
    body_share share(budget);
    std::string body;
    share.wait_for_store(); // Of its free piece.
    ASSERT_TRUE(share.make_room(body, 108 * kibibyte, 108 * kibibyte));
    EXPECT_FALSE(budget.is_held_for_store());
    share.wait_for_store();
    EXPECT_TRUE(budget.is_held_for_store());
    share.give_back();
    EXPECT_FALSE(budget.is_held_for_store());
}

TEST(BodyShare, AFirstPieceIsFree) {
    body_budget budget(0);
    body_share share(budget);
    std::string body;
    EXPECT_TRUE(share.make_room(body, free_bytes_max, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, free_bytes_max + 1, 1024 * kibibyte));
    body.assign(free_bytes_max, 'x');
    EXPECT_TRUE(share.make_room(body, 0, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, 1, 1024 * kibibyte));
    EXPECT_FALSE(share.has_taken());
}

TEST(BodyShare, WhatStandsBesideTheBodyCounts) {
    body_budget budget(10 * kibibyte);
    body_share share(budget);
    std::string body;
    EXPECT_TRUE(share.hold_beside(free_bytes_max));
    EXPECT_FALSE(share.has_taken());
    EXPECT_TRUE(share.make_room(body, 10 * kibibyte, 10 * kibibyte));
    EXPECT_FALSE(share.hold_beside(free_bytes_max + 1));
    EXPECT_TRUE(share.hold_beside(free_bytes_max));
    share.give_back();
    EXPECT_TRUE(budget.take(10 * kibibyte));
}

TEST(BodyShare, TakesWhatTheBodyHoldsAndGivesItBack) {
    body_budget budget(400 * kibibyte);
    std::optional<body_share> share(budget);
    std::string body;
    while (body.size() < 300 * kibibyte) {
        ASSERT_TRUE(share->make_room(body, 10 * kibibyte, 300 * kibibyte)) << body.size();
        const std::size_t held = body.capacity();
        body.append(10 * kibibyte, 'x');
        EXPECT_EQ(body.capacity(), held) << body.size();
    }
    EXPECT_LE(body.capacity(), 300 * kibibyte);
    EXPECT_TRUE(budget.take(100 * kibibyte + free_bytes_max));
    EXPECT_FALSE(budget.take(1));
    share.reset();
    EXPECT_TRUE(budget.take(300 * kibibyte - free_bytes_max));
}

TEST(BodyShare, KeepsWhatItHasWhereThereIsNoMore) {
    body_budget budget(200 * kibibyte);
    body_share share(budget);
    std::string body;
    EXPECT_TRUE(share.make_room(body, 100 * kibibyte, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, 201 * kibibyte, 1024 * kibibyte));
    EXPECT_TRUE(share.make_room(body, 100 * kibibyte, 1024 * kibibyte));
    EXPECT_TRUE(budget.take(100 * kibibyte + free_bytes_max));
    EXPECT_FALSE(budget.take(1));
}

TEST(BodyShare, OnlySmallBodiesTakeTheLastQuarter) {
    body_budget budget(400 * kibibyte);
    body_share large(budget);
    body_share small(budget);
    std::string large_body;
    std::string small_body;
    EXPECT_FALSE(large.make_room(large_body, 309 * kibibyte, 1024 * kibibyte));
    EXPECT_TRUE(large.make_room(large_body, 308 * kibibyte, 1024 * kibibyte));
    EXPECT_TRUE(small.make_room(small_body, small_body_bytes_max, 1024 * kibibyte));
    EXPECT_FALSE(small.make_room(small_body, small_body_bytes_max + 1, 1024 * kibibyte));
}

} // namespace
} // namespace outreachd::ingress
