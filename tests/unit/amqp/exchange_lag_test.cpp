/// An exchange that says nothing keeps nothing from the work queues, and a slow one isn't taken for one.
#include "daemon/amqp/exchange_lag.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;

constexpr steady_time long_ago{};

TEST(ExchangeLag, GetsEverythingWhileItConfirms) {
    exchange_lag lag;
    lag.look(long_ago + 10s, std::nullopt);
    EXPECT_TRUE(lag.may_send(1'000));
    lag.look(long_ago + 10s, long_ago + 8001ms);
    EXPECT_FALSE(lag.is_behind()) << "slower than the work queues, and no more";
    EXPECT_TRUE(lag.may_send(1'000));
}

TEST(ExchangeLag, IsBehindOnceAnEventHasWaitedForItAloneAndGetsFewThen) {
    exchange_lag lag;
    lag.look(long_ago + 2s, long_ago);
    EXPECT_TRUE(lag.is_behind());
    EXPECT_TRUE(lag.may_send(15));
    EXPECT_FALSE(lag.may_send(16));
}

TEST(ExchangeLag, IsBehindUntilNothingHasWaitedForSoLongForAWhile) {
    exchange_lag lag;
    lag.look(long_ago + 2s, long_ago);
    lag.look(long_ago + 10s, long_ago + 9s); // what waited is given up, and others wait now
    EXPECT_TRUE(lag.is_behind());
    lag.look(long_ago + 11s, long_ago + 9s);
    lag.note_confirm();
    lag.look(long_ago + 25s, std::nullopt);
    EXPECT_TRUE(lag.is_behind()) << "14 s";
    lag.look(long_ago + 26s, long_ago + 25s);
    EXPECT_FALSE(lag.is_behind());
}

TEST(ExchangeLag, IsBehindUntilItHasConfirmedSomething) {
    exchange_lag lag;
    lag.note_confirm();
    lag.look(long_ago + 2s, long_ago);
    lag.look(long_ago + 1h, std::nullopt); // nobody asked it meanwhile
    EXPECT_TRUE(lag.is_behind());
    lag.note_confirm();
    lag.look(long_ago + 1h, std::nullopt);
    EXPECT_FALSE(lag.is_behind());
}

} // namespace
} // namespace outreachd::amqp
