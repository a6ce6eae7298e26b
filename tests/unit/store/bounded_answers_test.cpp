/// What people ask of the store is answered in bounded time and size, and says what it leaves out.
#include "tests/unit/store/mended_store.hpp"

#include <algorithm>

namespace outreachd::store {
namespace {

/// Whatever is looked for, one record is looked at for each asking.
class BoundedLists : public Mending {
protected:
    BoundedLists() {
        options chosen{.directory = directory_.path()};
        chosen.list_time_max = std::chrono::milliseconds{0};
        opened_ = std::make_unique<store>(chosen, observer_);
    }

    static constexpr int count = 5;
};

TEST_F(BoundedLists, OfEventsSayWhereTheyEndAndGoOnFromThere) {
    for (int id = 0; id < count; ++id)
        add(id, {"crm"});
    event_filter what;
    what.resource = "task:0"; // the oldest
    const auto reader = opened_->open_reader();
    for (int id = count - 1; id > 0; --id) {
        const auto page = reader->list(what).value();
        EXPECT_TRUE(page.records.empty());
        ASSERT_TRUE(page.ended_at.has_value());
        EXPECT_EQ(page.ended_at->facts.resource_id, std::to_string(id));
        what.before = page.ended_at->id;
    }
    EXPECT_EQ(reader->list(what).value().records.at(0).facts.resource_id, "0");
    what.before = reader->list(what).value().records.at(0).id;
    const auto behind = reader->list(what).value();
    EXPECT_TRUE(behind.records.empty());
    EXPECT_FALSE(behind.ended_at.has_value()) << "there is nothing more to look at";
}

TEST_F(BoundedLists, OfDeadDeliveriesToo) {
    for (int id = 0; id < count; ++id)
        settle_as(add(id, {"crm"}), "crm", delivery_state::dead, 1, "boom");
    dead_filter what;
    what.resource = "task:0";
    const auto reader = opened_->open_reader();
    for (int id = count - 1; id > 0; --id) {
        const auto page = reader->list_dead(what).value();
        EXPECT_TRUE(page.records.empty());
        ASSERT_TRUE(page.ended_at.has_value());
        EXPECT_EQ(page.ended_at->of.facts.resource_id, std::to_string(id));
        what.before = page.ended_at->what.delivery;
    }
    EXPECT_EQ(reader->list_dead(what).value().records.at(0).of.facts.resource_id, "0");
}

using BoundedStory = Mending;

TEST_F(BoundedStory, HoldsTheNewestAttemptsOfEachHandlerAndCountsTheRest) {
    open();
    const sequence at = add(1, {"busy", "calm"});
    constexpr std::uint32_t many = 1005;
    std::promise<void> all;
    for (std::uint32_t number = 1; number <= many; ++number) {
        settlement what{at, "busy", delivery_state::retry, number, wall_now(), {}, {}, "boom", {}};
        what.next_attempt_at = wall_now() + std::chrono::hours{1};
        opened_->settle(what, [&, number] {
            if (number == many)
                all.set_value();
        });
    }
    all.get_future().wait();
    settle_as(at, "calm", delivery_state::retry);
    const event_story told = story(at);
    EXPECT_EQ(told.attempts.size(), 1001U);
    EXPECT_EQ(told.attempts_left_out, (std::map<std::string, std::uint64_t>{{"busy", 5}}));
    EXPECT_EQ(told.attempts.front().number, 6U);
    EXPECT_EQ(told.attempts.at(999).number, many);
    EXPECT_EQ(told.attempts.back().handler, "calm");
    EXPECT_TRUE(std::ranges::is_sorted(told.attempts, {}, &attempt_record::started_at));
}

} // namespace
} // namespace outreachd::store
