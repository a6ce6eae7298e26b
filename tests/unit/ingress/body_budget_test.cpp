#include "daemon/ingress/body_budget.hpp"

#include <gtest/gtest.h>

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

TEST(BodyShare, LeavesSmallBodiesAlone) {
    body_budget budget(0);
    body_share share(budget);
    std::string body;
    EXPECT_TRUE(share.make_room(body, small_body_bytes_max, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, small_body_bytes_max + 1, 1024 * kibibyte));
    body.assign(small_body_bytes_max, 'x');
    EXPECT_TRUE(share.make_room(body, 0, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, 1, 1024 * kibibyte));
}

TEST(BodyShare, TakesWhatTheBodyHoldsAndGivesItBack) {
    body_budget budget(300 * kibibyte);
    std::optional<body_share> share(budget);
    std::string body;
    while (body.size() < 300 * kibibyte) {
        ASSERT_TRUE(share->make_room(body, 10 * kibibyte, 300 * kibibyte)) << body.size();
        const std::size_t held = body.capacity();
        body.append(10 * kibibyte, 'x');
        if (body.size() > small_body_bytes_max) {
            EXPECT_EQ(body.capacity(), held) << body.size();
        }
    }
    EXPECT_LE(body.capacity(), 300 * kibibyte);
    EXPECT_FALSE(budget.take(1));
    share.reset();
    EXPECT_TRUE(budget.take(300 * kibibyte));
}

TEST(BodyShare, KeepsWhatItHasWhereThereIsNoMore) {
    body_budget budget(200 * kibibyte);
    body_share share(budget);
    std::string body;
    EXPECT_TRUE(share.make_room(body, 100 * kibibyte, 1024 * kibibyte));
    EXPECT_FALSE(share.make_room(body, 201 * kibibyte, 1024 * kibibyte));
    EXPECT_TRUE(share.make_room(body, 100 * kibibyte, 1024 * kibibyte));
    EXPECT_TRUE(budget.take(100 * kibibyte));
    EXPECT_FALSE(budget.take(1));
}

} // namespace
} // namespace outreachd::ingress
