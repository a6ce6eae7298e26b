/// Handlers that work in steps, and handlers that have to wait, on the real store.
#include "tests/unit/dispatch/mended_dispatch.hpp"

#include <gmock/gmock.h>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;
using enum store::delivery_state;
using testing::ElementsAre;

const std::vector<settings::route> routes_to_crm{{{"*"}, {"crm"}}};

settings::handler impatient_handler() {
    auto made = quick_handler("crm");
    made.retry = {.attempts_max = 3, .initial = 1ms, .factor = 1, .max = 1ms, .jitter = 0};
    return made;
}

/// Does three steps, each once, and fails behind each.
class stepwise {
public:
    outcome operator()(const handlers::attempt& what) {
        const auto before = what.done_so_far->results();
        for (std::size_t at = before.size(); at < 3; ++at) {
            done_.push_back(std::to_string(at));
            what.done_so_far->record("\"" + std::to_string(at) + "\"");
            if (at < fails_until_)
                return outcome::retry("failed behind step " + std::to_string(at));
        }
        return outcome::done();
    }

    std::vector<std::string> done_;
    std::size_t fails_until_ = 2;
};

TEST_F(RealDispatch, AnAttemptGoesOnBehindTheStepsThatAreDone) {
    stepwise work;
    start(routes_to_crm, these(equip(impatient_handler(), [&](const auto& what) { return work(what); })));
    const event_id id = add(1);
    ASSERT_TRUE(wait_for_end());
    EXPECT_THAT(work.done_, ElementsAre("0", "1", "2"));
    EXPECT_EQ(delivery(id, "crm").state, done);
    EXPECT_EQ(delivery(id, "crm").attempts, 3U);
    EXPECT_TRUE(store_->open_reader()->step_results("crm", place_of(id)).value().empty()) << "they have gone";
}

TEST_F(RealDispatch, StepsOutliveARestart) {
    stepwise work;
    work.fails_until_ = 1;
    auto patient = impatient_handler();
    patient.retry.initial = patient.retry.max = 1h;
    start(routes_to_crm, these(equip(patient, [&](const auto& what) { return work(what); })));
    const event_id id = add(1);
    ASSERT_TRUE(store::eventually([&] { return delivery(id, "crm").state == retry; }));
    ASSERT_TRUE(dispatcher_->stop(10s));
    dispatcher_.reset();
    start(routes_to_crm, these(equip(impatient_handler(), [&](const auto& what) { return work(what); })));
    ASSERT_TRUE(wait_for_end());
    EXPECT_THAT(work.done_, ElementsAre("0", "1", "2"));
}

/// What a stop or a reload finds in its midst.
class Interrupted : public RealDispatch {
protected:
    /// Gives back behind its first step, once it is told to.
    void start_and_begin() {
        std::vector<equipped_handler> equipped;
        const auto play = [this](const handlers::attempt& what) {
            what.done_so_far->record("\"0\"");
            done_.push_back("0");
            told_.pass();
            return outcome::give_back("not all was done");
        };
        equipped.push_back(
            {impatient_handler(), std::make_unique<scripted_handler>(runs_, play, [this](steady_time from) {
                 from_ = from;
                 told_.open();
             })});
        start(all_to_crm, std::move(equipped));
        first_ = add(R"({"data":{"type":"task","id":1},"meta":{"eventName":"task.created"}})");
        second_ = add(R"({"data":{"type":"task","id":1},"meta":{"eventName":"task.updated"}})");
        ASSERT_TRUE(told_.wait_for_arrivals(1));
    }

    /// Does what is left of three steps.
    equipped_handler successor() {
        auto changed = impatient_handler();
        changed.timeout += 1s;
        return equip(changed, [this](const handlers::attempt& what) {
            for (std::size_t at = what.done_so_far->results().size(); at < 3; ++at) {
                what.done_so_far->record(std::to_string(at));
                done_.push_back(std::to_string(at));
            }
            return outcome::done();
        });
    }

    void expect_each_step_once_and_in_order() {
        ASSERT_TRUE(wait_for_end());
        EXPECT_THAT(done_, ElementsAre("0", "1", "2", "0", "1", "2"));
        std::vector<event_id> in_order;
        for (const auto& run : runs_->runs())
            in_order.push_back(run.event);
        EXPECT_THAT(in_order, ElementsAre(first_, first_, second_));
        EXPECT_EQ(delivery(first_, "crm").attempts, 1U);
        EXPECT_TRUE(story(first_).attempts.empty());
    }

    gate told_;
    std::atomic<steady_time> from_;
    std::vector<std::string> done_; ///< By one worker at a time: the events are of one resource.
    event_id first_{};
    event_id second_{};
};

TEST_F(Interrupted, WhatAStopCutsShortGoesOnAfterTheNextStart) {
    start_and_begin();
    ASSERT_TRUE(dispatcher_->stop(10s));
    dispatcher_.reset();
    EXPECT_LE(from_.load(), std::chrono::steady_clock::now()) << "at once";
    EXPECT_EQ(delivery(first_, "crm").state, retry);
    EXPECT_EQ(delivery(first_, "crm").attempts, 0U);
    EXPECT_EQ(delivery(first_, "crm").reason, "not all was done");
    EXPECT_EQ(delivery(second_, "crm").state, pending);
    for (const auto& depth : store_->depths())
        EXPECT_EQ(depth.last_error, "") << "nothing has failed";
    start(all_to_crm, these(successor()));
    expect_each_step_once_and_in_order();
}

TEST_F(Interrupted, WhatAReloadCutsShortGoesOnWithTheHandlerThatFollows) {
    start_and_begin();
    const auto before = std::chrono::steady_clock::now();
    dispatcher_->use(all_to_crm, these(successor()));
    EXPECT_GE(from_.load(), before + 5s) << "short ones may end as they were configured";
    EXPECT_LE(from_.load(), std::chrono::steady_clock::now() + 10s);
    expect_each_step_once_and_in_order();
}

/// A handler that was given up on writes nothing more.
TEST_F(RealDispatch, AStepThatComesTooLateIsRefused) {
    gate closed;
    std::atomic<bool> was_refused = false;
    start(routes_to_crm, these(equip(impatient_handler(), [&](const handlers::attempt& what) {
              closed.pass();
              try {
                  what.done_so_far->record("1");
              } catch (const std::runtime_error&) {
                  was_refused = true;
              }
              return outcome::done();
          })));
    const event_id id = add(1);
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    EXPECT_FALSE(dispatcher_->stop(50ms));
    dispatcher_.reset();
    closed.open();
    ASSERT_TRUE(store::eventually([&] { return was_refused.load(); }));
    EXPECT_EQ(delivery(id, "crm").state, pending);
}

/// One asks, and all know: what waits for an hourly limit would else ask a million times.
TEST_F(RealDispatch, AWaitHoldsForTheWholeHandlerAndCountsAsNoAttempt) {
    std::atomic<bool> may = false;
    auto eager = impatient_handler();
    eager.concurrency = 1;
    start(routes_to_crm, these(equip(eager, [&](const handlers::attempt&) {
              return may ? outcome::done() : outcome::wait(2s, "the hourly limit is used up");
          })));
    std::vector<event_id> ids;
    for (int n = 1; n <= 20; ++n)
        ids.push_back(add(n));
    ASSERT_TRUE(store::eventually([&] { return runs_->runs().size() == 1; }));
    EXPECT_TRUE(
        store::eventually([&] { return delivery(ids[0], "crm").reason == "the hourly limit is used up"; }));
    EXPECT_EQ(runs_->runs().size(), 1U) << "nobody else is asked";
    may = true;
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(runs_->runs().size(), ids.size() + 1);
    for (const event_id& id : ids) {
        EXPECT_EQ(delivery(id, "crm").state, done);
        EXPECT_EQ(delivery(id, "crm").attempts, 1U);
    }
}

/// However often: no number of attempts ends it.
TEST_F(RealDispatch, WaitsNeverMakeADeliveryDead) {
    std::atomic<int> waits = 20;
    start(routes_to_crm, these(equip(impatient_handler(), [&](const handlers::attempt&) {
              return waits-- > 0 ? outcome::wait(1ms, "not yet") : outcome::done();
          })));
    const event_id id = add(1);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(id, "crm").state, done);
    EXPECT_EQ(delivery(id, "crm").attempts, 1U);
    EXPECT_TRUE(story(id).attempts.empty());
}

} // namespace
} // namespace outreachd::dispatch
