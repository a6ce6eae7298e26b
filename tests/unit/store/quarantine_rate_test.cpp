/// The quarantine's rates, by a clock of the test's own.
#include "daemon/store/quarantine_rate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

constexpr double mib = 1024 * 1024;
constexpr quarantine_rate small{{2, 5}, {100, 1000}};
constexpr steady_time start{1h};

/// How many requests of so many bytes are taken, of `count`.
int taken(rate_bucket& of, int count, double bytes, steady_time now) {
    int all = 0;
    for (int i = 0; i < count; ++i)
        all += of.take(bytes, now) ? 1 : 0;
    return all;
}

int taken_of(peer_buckets& of, const std::string& peer, int count, double bytes, steady_time now) {
    int all = 0;
    for (int i = 0; i < count; ++i)
        all += of.take(peer, bytes, now) ? 1 : 0;
    return all;
}

TEST(RateBucket, GivesItsBurstAtOnceAndThenSoMuchASecond) {
    rate_bucket subject(small, start);
    EXPECT_EQ(taken(subject, 6, 0, start), 5);
    EXPECT_FALSE(subject.take(0, start + 499ms));
    EXPECT_EQ(taken(subject, 2, 0, start + 500ms), 1);
    EXPECT_EQ(taken(subject, 5, 0, start + 1500ms), 2);
}

TEST(RateBucket, HoldsNoMoreThanItsBurstAfterAnyPause) {
    rate_bucket subject(small, start);
    EXPECT_EQ(taken(subject, 100, 0, start + 24h), 5);
}

TEST(RateBucket, CountsBytesToo) {
    rate_bucket subject(small, start);
    EXPECT_FALSE(subject.take(1001, start));
    EXPECT_TRUE(subject.take(1000, start));
    EXPECT_FALSE(subject.take(1, start));
    EXPECT_FALSE(subject.take(101, start + 1s));
    EXPECT_TRUE(subject.take(100, start + 1s));
}

TEST(RateBucket, TakesNothingForWhatItRefuses) {
    rate_bucket subject(small, start);
    EXPECT_EQ(taken(subject, 100, 2000, start), 0);
    EXPECT_EQ(taken(subject, 6, 200, start), 5);
}

TEST(PeerBuckets, EachPeerHasARateOfItsOwn) {
    peer_buckets subject(start);
    EXPECT_EQ(taken_of(subject, "192.0.2.1", 1501, 0, start), 1500);
    EXPECT_EQ(taken_of(subject, "192.0.2.2", 1501, 0, start), 1500);
    EXPECT_EQ(taken_of(subject, "192.0.2.3", 25, mib, start), 24);
}

/// Where the younger generation ends, what a peer has used up goes with it.
TEST(PeerBuckets, APeerIsRememberedOverAGenerationsEnd) {
    peer_buckets subject(start);
    EXPECT_EQ(taken_of(subject, "192.0.2.1", 1500, 0, start + 29s), 1500);
    EXPECT_TRUE(subject.take("192.0.2.2", 0, start + 30s)) << "begins the next generation";
    EXPECT_EQ(taken_of(subject, "192.0.2.1", 1500, 0, start + 30s), 100) << "a second's";
}

TEST(PeerBuckets, APeerThatIsForgottenWouldBeFullAgain) {
    peer_buckets subject(start);
    EXPECT_EQ(taken_of(subject, "192.0.2.1", 1500, 0, start), 1500);
    EXPECT_TRUE(subject.take("192.0.2.2", 0, start + 30s));
    EXPECT_TRUE(subject.take("192.0.2.2", 0, start + 60s));
    EXPECT_TRUE(subject.take("192.0.2.3", 0, start + 60s));
    EXPECT_EQ(subject.size(), 2U) << "the first is gone";
    EXPECT_EQ(taken_of(subject, "192.0.2.1", 1501, 0, start + 60s), 1500);
}

TEST(PeerBuckets, ManyPeersAtOnceStayBounded) {
    peer_buckets subject(start);
    for (std::size_t i = 0; i < 5 * peer_buckets::peers_max; ++i) {
        EXPECT_TRUE(subject.take(std::to_string(i), 0, start));
        ASSERT_LE(subject.size(), 2 * peer_buckets::peers_max);
    }
}

TEST(QuarantineRates, WhatOnePeerSendsAboveItsRateIsLeftToTheOthers) {
    quarantine_rates subject(start);
    for (int i = 0; i < 10'000; ++i)
        subject.take("192.0.2.1", 0, start);
    int others = 0;
    for (int i = 0; i < 10'000; ++i)
        others += subject.take("peer " + std::to_string(i), 0, start) ? 1 : 0;
    EXPECT_EQ(others, 4000 - 1500);
    EXPECT_TRUE(subject.take("192.0.2.2", 0, start + 1s));
}

TEST(QuarantineRates, BoundTheBytesOfAll) {
    quarantine_rates subject(start);
    int kept = 0;
    for (int i = 0; i < 100; ++i)
        kept += subject.take("peer " + std::to_string(i), mib, start) ? 1 : 0;
    EXPECT_EQ(kept, 64);
}

} // namespace
} // namespace outreachd::store
