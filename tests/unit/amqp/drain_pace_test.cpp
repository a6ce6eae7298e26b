/// A backlog gives way to what comes in, and never so far that it grows.
#include "daemon/amqp/drain_pace.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;

/// A relay that looks each millisecond, and sends whatever may leave, while events come in evenly.
class DrainPace : public testing::Test {
protected:
    int send_all() {
        int sent = 0;
        for (; pace_.may_send() && sent < everything; ++sent)
            pace_.note_sent();
        return sent;
    }

    /// How many leave within a second.
    int pass_a_second(int came) {
        int sent = 0;
        for (int millisecond = 1; millisecond <= 1000; ++millisecond) {
            now_ += 1ms;
            pace_.look(now_, before_ + static_cast<std::uint64_t>(came * millisecond / 1000));
            sent += send_all();
        }
        before_ += static_cast<std::uint64_t>(came);
        return sent;
    }

    static constexpr int everything = 1000; // that the window of a second's thousandth takes
    static constexpr int most = 128;

    steady_time now_{};
    std::uint64_t before_ = 0;
    drain_pace pace_{most};
};

TEST_F(DrainPace, LetsTwoLeaveForEachThatComesInAndAThousandASecondBesides) {
    pass_a_second(500); // what may leave at the beginning
    EXPECT_NEAR(pass_a_second(500), 2000, 16);
    EXPECT_NEAR(pass_a_second(5000), 11000, 16);
    EXPECT_NEAR(pass_a_second(20), 1040, 16) << "20 a second: never free";
}

TEST_F(DrainPace, SendsSixteenAtATime) {
    pace_.look(now_, 0);
    EXPECT_EQ(send_all(), 16);
    pace_.look(now_ += 15ms, 0);
    EXPECT_EQ(send_all(), 0);
    EXPECT_EQ(pace_.pause(), 1ms);
    pace_.look(now_ += 1ms, 0);
    EXPECT_EQ(send_all(), 16);
}

TEST_F(DrainPace, SendsWhatComesInAtOnce) {
    for (int each = 1; each <= 100; ++each) {
        pace_.look(now_ += 4ms, static_cast<std::uint64_t>(each));
        EXPECT_TRUE(pace_.may_send()) << each;
        pace_.note_sent();
    }
}

TEST_F(DrainPace, SavesUpNoMoreThanAWindow) {
    for (int each = 1; each <= 1000; ++each) // nothing leaves
        pace_.look(now_ += 1ms, static_cast<std::uint64_t>(each));
    EXPECT_EQ(send_all(), most);
}

TEST_F(DrainPace, IsFreeWhereNothingComesIn) {
    pace_.look(now_, 7);
    EXPECT_EQ(send_all(), 16) << "it isn't known yet";
    pace_.look(now_ += 250ms, 7);
    EXPECT_EQ(send_all(), everything);
    pace_.look(now_ += 1ms, 8);
    EXPECT_EQ(send_all(), 0) << "all was sent that may leave";
    pace_.look(now_ += 16ms, 8);
    EXPECT_EQ(send_all(), 19) << "of 17 ms, and two for the one that came";
}

TEST_F(DrainPace, SendsOneAtATimeThroughAWindowOfOne) {
    drain_pace narrow{1};
    narrow.look(now_, 0);
    EXPECT_TRUE(narrow.may_send());
    narrow.note_sent();
    EXPECT_FALSE(narrow.may_send());
    narrow.look(now_ + 1ms, 0);
    EXPECT_TRUE(narrow.may_send());
}

} // namespace
} // namespace outreachd::amqp
