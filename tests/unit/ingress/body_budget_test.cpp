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
