#include "daemon/ingress/answer_wait.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;
using answer = std::optional<store::append_result>;

/// Waits on an I/O thread of its own until the answer or the abandonment after `patience`, while the
/// test's thread does `meanwhile`, as the store's thread would.
template <typename Meanwhile>
answer wait_for(std::chrono::milliseconds patience, Meanwhile meanwhile) {
    asio::io_context io;
    const auto mailbox = std::make_shared<answer_mailbox>(io, 2);
    const strand where = asio::make_strand(io);
    const auto wait = std::make_shared<answer_wait>(where, mailbox);
    answer outcome;
    asio::co_spawn(where, wait->wait(), [&](const std::exception_ptr& thrown, answer got) {
        EXPECT_FALSE(thrown);
        outcome = got;
    });
    steady_timer deadline(where, patience);
    deadline.async_wait([&](error_code) { wait->abandon(); });
    std::thread other([&, done = wait->make_done()] {
        meanwhile(done, *mailbox);
        asio::post(where, [&] { deadline.cancel(); });
    });
    io.run();
    other.join();
    mailbox->hand_out(); // A letter holds whom it is for.
    io.restart();
    io.run(); // What was posted after the end.
    return outcome;
}

TEST(AnswerWait, GivesTheStoresAnswer) {
    const answer got = wait_for(10s, [](const store::append_done& done, answer_mailbox& mailbox) {
        done({}, {{}, true});
        mailbox.hand_out();
    });
    ASSERT_TRUE(got.has_value());
    EXPECT_TRUE(got->is_repeat);
}

TEST(AnswerWait, ComesOnlyWhenTheCommitIsHandedOut) {
    const answer got = wait_for(10s, [](const store::append_done& done, answer_mailbox&) { done({}, {}); });
    EXPECT_FALSE(got.has_value());
}

TEST(AnswerWait, IsNotEndedByAFailure) {
    for (const errc code : {errc::store_unavailable, errc::deadline_passed, errc::stopping}) {
        const answer got = wait_for(10s, [code](const store::append_done& done, answer_mailbox& mailbox) {
            done(code, {});
            mailbox.hand_out();
        });
        EXPECT_FALSE(got.has_value());
    }
}

TEST(AnswerWait, IgnoresAnAnswerAfterItWasAbandoned) {
    const answer got = wait_for(0ms, [](const store::append_done& done, answer_mailbox& mailbox) {
        std::this_thread::sleep_for(50ms);
        done({}, {});
        mailbox.hand_out();
    });
    EXPECT_FALSE(got.has_value());
}

awaitable<> own_and_wait(std::shared_ptr<answer_wait> wait) {
    co_await wait->wait();
}

TEST(AnswerWait, LetsGoOfWhoOwnsItWhenItIsForgotten) {
    std::weak_ptr<answer_wait> left;
    {
        asio::io_context io;
        const strand where = asio::make_strand(io);
        auto wait = std::make_shared<answer_wait>(where, std::make_shared<answer_mailbox>(io, 2));
        left = wait;
        asio::co_spawn(where, own_and_wait(wait), [](const std::exception_ptr&) {});
        io.poll();
        io.stop();
        wait->forget();
    }
    EXPECT_TRUE(left.expired());
}

TEST(AnswerMailbox, HandsOutAllAnswersOfACommit) {
    asio::io_context io;
    const auto mailbox = std::make_shared<answer_mailbox>(io, 2);
    constexpr int count = 101;
    int answered = 0;
    std::vector<store::append_done> dones;
    for (int i = 0; i < count; ++i) {
        const strand where = asio::make_strand(io);
        const auto wait = std::make_shared<answer_wait>(where, mailbox);
        dones.push_back(wait->make_done());
        asio::co_spawn(where, wait->wait(), [&answered, wait](const std::exception_ptr&, const answer& got) {
            answered += got.has_value() ? 1 : 0;
        });
    }
    io.poll();
    for (const store::append_done& done : dones)
        done({}, {});
    mailbox->hand_out();
    io.restart();
    io.poll();
    EXPECT_EQ(answered, count);
}

} // namespace
} // namespace outreachd::ingress
