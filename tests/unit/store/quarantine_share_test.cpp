/// Who takes up most of the quarantine.
#include "daemon/store/quarantine_share.hpp"

#include <gtest/gtest.h>

namespace outreachd::store {
namespace {

TEST(QuarantineShare, NobodyTakesUpAnythingAtFirst) {
    const quarantine_share subject;
    EXPECT_EQ(subject.total(), 0U);
    EXPECT_EQ(subject.largest(), nullptr);
}

TEST(QuarantineShare, KnowsWhoTakesUpMost) {
    quarantine_share subject;
    subject.change("192.0.2.1", 300);
    subject.change("192.0.2.2", 200);
    EXPECT_EQ(*subject.largest(), "192.0.2.1");
    subject.change("192.0.2.2", 200);
    EXPECT_EQ(*subject.largest(), "192.0.2.2");
    subject.change("192.0.2.2", -200);
    EXPECT_EQ(*subject.largest(), "192.0.2.1");
    EXPECT_EQ(subject.total(), 500U);
}

TEST(QuarantineShare, ForgetsWhoseBytesAreAllGone) {
    quarantine_share subject;
    subject.change("192.0.2.1", 300);
    subject.change("192.0.2.2", 200);
    subject.change("192.0.2.1", -300);
    EXPECT_EQ(*subject.largest(), "192.0.2.2");
    subject.change("192.0.2.2", -200);
    EXPECT_EQ(subject.largest(), nullptr);
    EXPECT_EQ(subject.total(), 0U);
}

/// Where all have as much, one of them is found each time.
TEST(QuarantineShare, TakesFromEqualsInTurn) {
    quarantine_share subject;
    for (const char* const peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
        subject.change(peer, 100);
    for (int left = 3; left > 0; --left) {
        ASSERT_NE(subject.largest(), nullptr);
        const std::string peer = *subject.largest();
        subject.change(peer, -100);
    }
    EXPECT_EQ(subject.total(), 0U);
    EXPECT_EQ(subject.largest(), nullptr);
}

} // namespace
} // namespace outreachd::store
