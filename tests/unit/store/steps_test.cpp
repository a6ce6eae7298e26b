/// What is done of a delivery stays done, whatever becomes of the attempt that did it.
#include "tests/unit/store/mended_store.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

namespace outreachd::store {
namespace {

using enum delivery_state;
using testing::ElementsAre;
using testing::IsEmpty;

/// Knows how many commits there were. Read by the writer's own thread, or while that is held.
class counting_observer final : public recording_observer {
public:
    void written(std::chrono::milliseconds) override { ++commits; }

    std::atomic<int> commits = 0;
};

class Steps : public Mending {
protected:
    void record(sequence at, const std::string& handler, std::uint32_t number, const std::string& result) {
        std::promise<void> written;
        opened_->record_step({at, handler, number, result}, [&] { written.set_value(); });
        written.get_future().get();
    }

    std::vector<std::string> results(sequence at, const std::string& handler) {
        return opened_->open_reader()->step_results(handler, at).value();
    }

    std::string last_error(const std::string& handler) {
        for (const handler_depth& one : opened_->depths())
            if (one.handler == handler)
                return one.last_error;
        return "no handler";
    }

    void settle_with_steps(sequence at, const std::string& handler, delivery_state as) {
        settlement what{at, handler, as, 1, wall_now(), std::chrono::milliseconds{2}, {}, "", {}};
        what.has_steps = true;
        settle(*opened_, what);
    }
};

TEST_F(Steps, AreKeptInOrderForEachDeliveryOverARestart) {
    open();
    const sequence at = add(1, {"crm", "audit"});
    record(at, "crm", 0, R"({"a":1})");
    record(at, "crm", 1, "null");
    record(at, "audit", 0, "[]");
    open();
    EXPECT_THAT(results(at, "crm"), ElementsAre(R"({"a":1})", "null"));
    EXPECT_THAT(results(at, "audit"), ElementsAre("[]"));
    EXPECT_THAT(results(at, "other"), IsEmpty());
}

TEST_F(Steps, StayWhereTheDeliveryIsTriedAgainOrDeadAndGoWhereItIsDone) {
    open();
    const sequence at = add(1, {"crm"});
    record(at, "crm", 0, "1");
    settle_with_steps(at, "crm", retry);
    EXPECT_THAT(results(at, "crm"), ElementsAre("1"));
    settle_with_steps(at, "crm", dead);
    EXPECT_EQ(revive(*opened_, {delivery(at, "crm").delivery}), 1U);
    EXPECT_THAT(results(at, "crm"), ElementsAre("1"));
    settle_with_steps(at, "crm", done);
    EXPECT_THAT(results(at, "crm"), IsEmpty());
}

TEST_F(Steps, AreForgottenWhereTheDeliveryBeginsAnew) {
    open();
    const sequence revived = add(1, {"crm"});
    record(revived, "crm", 0, "1");
    settle_with_steps(revived, "crm", dead);
    EXPECT_EQ(revive(*opened_, {delivery(revived, "crm").delivery}, true), 1U);
    EXPECT_THAT(results(revived, "crm"), IsEmpty());

    const sequence replayed = add(2, {"crm"});
    record(replayed, "crm", 0, "1");
    settle_with_steps(replayed, "crm", dead);
    EXPECT_EQ(replay_to(replayed, {"crm"}), 1U);
    EXPECT_THAT(results(replayed, "crm"), IsEmpty());

    const sequence discarded = add(3, {"crm"});
    record(discarded, "crm", 0, "1");
    settle_with_steps(discarded, "crm", dead);
    EXPECT_EQ(discard(*opened_, {delivery(discarded, "crm").delivery}), 1U);
    EXPECT_THAT(results(discarded, "crm"), IsEmpty());
}

/// A worker that was given up on may come late.
TEST_F(Steps, AreNotKeptOfADeliveryThatIsOver) {
    open();
    const sequence at = add(1, {"crm"});
    settle_as(at, "crm", done);
    record(at, "crm", 0, "1");
    record(at + 1'000'000, "crm", 0, "1");
    EXPECT_THAT(results(at, "crm"), IsEmpty());
    EXPECT_THAT(results(at + 1'000'000, "crm"), IsEmpty());
}

/// Long ones are spread over commits, and none is left behind.
TEST_F(Steps, HoldUpTheAcksOfACommitByAFewMebibytesAtMost) {
    open();
    std::vector<sequence> at;
    for (int id = 1; id <= 4; ++id)
        at.push_back(add(id, {"crm"}));
    counting_observer counting;
    opened_.reset();
    opened_ = std::make_unique<store>(options{directory_.path()}, counting);

    struct {
        std::size_t bytes;
        std::vector<int> commits; // in which each is
    } const cases[] = {
        {1UL * 1024 * 1024, {1, 1, 1, 1}},
        {2UL * 1024 * 1024, {1, 1, 2, 2}},
        {3UL * 1024 * 1024, {1, 2, 3, 4}},
        {5UL * 1024 * 1024, {1, 2, 3, 4}},
    };

    for (std::uint32_t number = 0; const auto& [bytes, commits] : cases) {
        // The writer is held in a commit until all of them wait.
        std::promise<void> is_held;
        std::promise<void> is_free;
        opened_->route_at_append([&](const stored_event& stored) {
            is_held.set_value();
            is_free.get_future().wait();
            return std::optional<routing>{{stored.sequence, {}, 0, {}}};
        });
        auto appended = std::async(std::launch::async, [&] {
            return append(*opened_, task_body(100 + static_cast<int>(number))).ec;
        });
        is_held.get_future().wait();
        const int before = counting.commits + 1; // the one that is held
        std::vector<std::promise<int>> written(at.size());
        for (std::size_t i = 0; i < at.size(); ++i)
            opened_->record_step({at[i], "crm", number, std::string(bytes, 'x')},
                                 [&, i] { written[i].set_value(counting.commits - before); });
        opened_->route_at_append(nullptr);
        is_free.set_value();
        EXPECT_FALSE(appended.get());
        std::vector<int> found;
        for (auto& one : written)
            found.push_back(one.get_future().get());
        EXPECT_EQ(found, commits) << bytes;
        ++number;
    }
    open(); // `counting` goes before the fixture's store does
    EXPECT_EQ(results(at[3], "crm").size(), std::size(cases));
}

/// Waiting is no attempt: nothing of it is kept, and it may happen as often as it likes.
TEST_F(Steps, AWaitLeavesNoAttemptBehind) {
    open();
    const sequence at = add(1, {"crm"});
    settlement waits{at, "crm", retry, 0, wall_now(), {}, {}, "the hourly limit is used up", {}};
    waits.next_attempt_at = wall_now() + std::chrono::hours{1};
    waits.is_wait = true;
    for (int n = 0; n < 3; ++n)
        settle(*opened_, waits);
    EXPECT_EQ(delivery(at, "crm").attempts, 0U);
    EXPECT_EQ(delivery(at, "crm").reason, "the hourly limit is used up");
    EXPECT_THAT(story(at).attempts, IsEmpty());
    EXPECT_EQ(last_error("crm"), "the hourly limit is used up");
}

/// Nothing has failed, so nobody needs to look for it.
TEST_F(Steps, WhatIsGivenBackIsNoErrorOfItsHandler) {
    open();
    const sequence at = add(1, {"crm"});
    settlement given_back{at, "crm", retry, 0, wall_now(), {}, {}, "the daemon ended", {}};
    given_back.next_attempt_at = wall_now();
    given_back.is_wait = given_back.is_given_back = true;
    settle(*opened_, given_back);
    EXPECT_EQ(delivery(at, "crm").state, retry);
    EXPECT_EQ(delivery(at, "crm").reason, "the daemon ended");
    EXPECT_EQ(last_error("crm"), "");
}

} // namespace
} // namespace outreachd::store
