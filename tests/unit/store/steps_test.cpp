/// What is done of a delivery stays done, whatever becomes of the attempt that did it.
#include "tests/unit/store/mended_store.hpp"

#include <gmock/gmock.h>

#include <future>

namespace outreachd::store {
namespace {

using enum delivery_state;
using testing::ElementsAre;
using testing::IsEmpty;

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
}

} // namespace
} // namespace outreachd::store
