/// What is wrong is told when it begins, once a minute while it lasts, and when it is over.
#include "daemon/amqp/link_health.hpp"
#include "tests/unit/log/captured_stderr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LinkHealth : public testing::Test {
protected:
    /// The lines that were logged, once no more is to come.
    std::vector<std::string> lines() {
        log_.reset(); // writes what waits
        std::vector<std::string> found;
        std::string line;
        for (const char one : stderr_.read_all())
            if (one == '\n')
                found.push_back(std::exchange(line, {}));
            else
                line += one;
        return found;
    }

    steady_time now_;
    log::captured_stderr stderr_;
    std::optional<log::logger> log_{std::in_place, log::level::debug, log::format::text};
    link_health health_{"relay", *log_, [this] { return now_; }};
};

TEST_F(LinkHealth, RemindsOnceAMinuteOfWhatLasts) {
    health_.trouble("flow control", "low on memory");
    for (int i = 0; i < 59; ++i) {
        now_ += 1s;
        health_.remind("flow control");
    }
    now_ += 1s;
    health_.remind("flow control");
    health_.remind("flow control");
    now_ += 60s;
    health_.remind("flow control");
    health_.remind("something else");
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("low on memory"), HasSubstr("low on memory"),
                                     HasSubstr("low on memory")));
}

TEST_F(LinkHealth, AReminderWithACauseTellsWhatIsNotKnownYet) {
    health_.remind("single events", "too long");
    EXPECT_THAT(health_.problems(),
                ElementsAre("relay: not connected to the broker", "relay: single events: too long"));
    health_.remind("single events", "another");
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("too long")));
}

TEST_F(LinkHealth, TheSameAgainIsToldAtIntervalsWithItsCount) {
    for (int i = 1; i <= 4; ++i)
        health_.trouble("outreachd.work.3", "full");
    now_ += 60s;
    health_.trouble("outreachd.work.3", "full");
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("times=1"), HasSubstr("times=5")));
}

TEST_F(LinkHealth, AnotherCauseIsNewsAtOnceAndOnlyTheFirstTime) {
    for (const char* const cause : {"full", "no quorum", "full", "no quorum"})
        health_.trouble("outreachd.work.3", cause);
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("full"), HasSubstr("no quorum")));
}

TEST_F(LinkHealth, TellsWhenItIsOverAndThenAnew) {
    health_.trouble("flow control", "low on memory");
    health_.connected("rabbit");
    EXPECT_THAT(health_.problems(), ElementsAre("relay: flow control: low on memory"));
    health_.mended("flow control");
    health_.mended("flow control");
    EXPECT_THAT(health_.problems(), IsEmpty());
    health_.remind("flow control");
    health_.trouble("flow control", "low on memory");
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("low on memory"), HasSubstr("connected to the broker"),
                                     HasSubstr("is over"), HasSubstr("low on memory")));
}

TEST_F(LinkHealth, ALostConnectionIsToldAtIntervalsAndIsAProblem) {
    EXPECT_THAT(health_.problems(), ElementsAre("relay: not connected to the broker"));
    for (int i = 0; i < 3; ++i)
        health_.lost("refused");
    now_ += 60s;
    health_.lost("refused");
    EXPECT_THAT(health_.problems(), ElementsAre("relay: not connected to the broker: refused"));
    EXPECT_EQ(health_.node(), "");
    health_.connected("rabbit:5672");
    EXPECT_TRUE(health_.is_connected());
    EXPECT_EQ(health_.node(), "rabbit:5672");
    EXPECT_THAT(lines(),
                ElementsAre(HasSubstr("times=1"), HasSubstr("times=4"), HasSubstr("failures_before=4")));
}

/// As where the broker lets us in and refuses what we are there for.
TEST_F(LinkHealth, AConnectionThatBreaksBeforeItIsOfUseIsNoEndOfIt) {
    for (int i = 0; i < 100; ++i) {
        health_.connected("rabbit:5672");
        EXPECT_EQ(health_.lost("ACCESS_REFUSED"), false);
        EXPECT_THAT(health_.problems(), ElementsAre("relay: not connected to the broker: ACCESS_REFUSED"));
    }
    health_.connected("rabbit:5672");
    EXPECT_THAT(health_.problems(), ElementsAre("relay: not connected to the broker: ACCESS_REFUSED"));
    EXPECT_FALSE(health_.is_connected());
    EXPECT_EQ(health_.node(), "");
    health_.proved();
    EXPECT_THAT(health_.problems(), IsEmpty());
    EXPECT_TRUE(health_.is_connected());
    EXPECT_EQ(health_.node(), "rabbit:5672");
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("connected to the broker"), HasSubstr("times=1"),
                                     HasSubstr("failures_before=1")));
}

TEST_F(LinkHealth, ItIsOverOnceAConnectionHasStoodForTenSeconds) {
    health_.connected("rabbit:5672");
    health_.lost("ACCESS_REFUSED");
    health_.connected("rabbit:5672");
    now_ += 9'999ms;
    EXPECT_FALSE(health_.is_connected());
    now_ += 1ms;
    EXPECT_TRUE(health_.is_connected());
    EXPECT_THAT(health_.problems(), IsEmpty());
    EXPECT_TRUE(health_.lost("ACCESS_REFUSED"));
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("connected to the broker"), HasSubstr("times=1"),
                                     HasSubstr("failures_before=1"), HasSubstr("times=1")));
}

TEST_F(LinkHealth, ALossIsNewWhereTheConnectionWasOfUse) {
    EXPECT_FALSE(health_.lost("refused")) << "there was none";
    health_.connected("rabbit:5672");
    EXPECT_TRUE(health_.is_connected()) << "that it couldn't be reached is over";
    EXPECT_FALSE(health_.lost("reset"));
    health_.connected("rabbit:5672");
    health_.proved();
    EXPECT_TRUE(health_.lost("reset"));
    EXPECT_FALSE(health_.lost("reset"));
    health_.connected("rabbit:5672");
    EXPECT_TRUE(health_.is_connected());
}

} // namespace
} // namespace outreachd::amqp
