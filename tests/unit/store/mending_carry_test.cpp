/// What was replayed, revived and discarded goes along into a fresh file, and leaves in its time.
#include "daemon/store/database.hpp"
#include "tests/unit/store/mended_store.hpp"

#include <atomic>
#include <fstream>
#include <span>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;
using enum delivery_state;

class MendedStoreMoves : public Mending {
protected:
    /// As after a crash at the moment a fresh file was begun.
    void open_in_a_fresh_file() {
        opened_.reset();
        std::ofstream(file(2), std::ios::binary).put('x');
        open();
        ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(file(1)); }));
    }
};

TEST_F(MendedStoreMoves, CarriesDeadDiscardedReplayedAndConditionalDeliveries) {
    open();
    const sequence dead_once = add(1, {"crm", "audit"});
    settle_as(dead_once, "crm", dead, 2, "refused");
    settle_as(dead_once, "audit", done);
    const sequence dead_again = add(2, {"crm"});
    settle_as(dead_again, "crm", dead, 1, "refused");
    replay_to(dead_again, {"crm"});
    settle_as(dead_again, "crm", dead, 1, "refused twice");
    const sequence given_up = add(3, {"crm"});
    settle_as(given_up, "crm", dead, 1, "refused");
    discard(*opened_, {delivery(given_up, "crm").delivery});
    const sequence nobodys = add(4, {}, "unparsable");
    const sequence nobodys_discarded = add(5, {}, "unparsable");
    discard(*opened_, {delivery(nobodys_discarded, "").delivery});
    const sequence conditional = add(6, {{"crm", true}});
    const sequence undecided = add(7, {{"crm", true}});
    settlement failing{undecided, "crm", dead, 0, wall_now(), {}, {}, "jq: no", {}};
    failing.is_undecided = true;
    settle(*opened_, failing);
    const sequence revived = add(8, {"crm"});
    settle_as(revived, "crm", dead, 1, "refused");
    revive(*opened_, {delivery(revived, "crm").delivery});
    const sequence replayed = add(9, {"crm"});
    settle_as(replayed, "crm", done);
    replay_to(replayed, {"crm", "new"});
    const ledger before = opened_->accounts();
    const auto dead_before = opened_->open_reader()->list_dead({}).value().records;

    open_in_a_fresh_file();
    EXPECT_EQ(differences(*opened_), "");
    const ledger after = opened_->accounts();
    EXPECT_EQ(after.received, before.received);
    EXPECT_EQ(after.pending, before.pending);
    EXPECT_EQ(after.dead, before.dead);
    EXPECT_EQ(after.discarded, 2U);
    EXPECT_EQ(state(given_up), event_state::discarded);
    EXPECT_EQ(delivery(given_up, "crm").reason, "refused");
    EXPECT_EQ(state(nobodys_discarded), event_state::discarded);
    EXPECT_EQ(opened_->dead_without_handler(), 1U);

    const auto dead_after = opened_->open_reader()->list_dead({}).value().records;
    ASSERT_EQ(dead_after.size(), dead_before.size());
    for (std::size_t i = 0; i < dead_after.size(); ++i) {
        EXPECT_EQ(dead_after[i].what.delivery, dead_before[i].what.delivery);
        EXPECT_EQ(dead_after[i].what.reason, dead_before[i].what.reason);
        EXPECT_EQ(opened_->open_reader()->event_of_dead(dead_after[i].what.delivery).value(),
                  dead_after[i].of.id);
    }
    EXPECT_TRUE(unfinished("crm").at(0).is_conditional);
    EXPECT_EQ(unfinished("crm").at(0).sequence, conditional);
    EXPECT_EQ(unfinished("new").at(0).replay, 1U);
    EXPECT_EQ(story(replayed).attempts.size(), 1U) << "the first time it was done";
    EXPECT_EQ(story(dead_again).attempts.size(), 2U);

    EXPECT_EQ(revive(*opened_, {delivery(undecided, "crm").delivery}), 1U);
    EXPECT_TRUE(unfinished("crm").at(1).is_conditional);
    EXPECT_EQ(revive(*opened_, {delivery(dead_again, "crm").delivery}), 1U);
    EXPECT_EQ(discard(*opened_, {delivery(nobodys, "").delivery}), 1U);
    EXPECT_EQ(replay_to(dead_again, {"audit"}), 1U);
    EXPECT_EQ(unfinished("audit").at(0).replay, 2U);
    expect_no_differences_over_a_restart();
}

/// What an operator asked for while what waited was being carried is done afterwards.
TEST_F(MendedStoreMoves, ChangesWaitUntilAllIsCarried) {
    open();
    std::vector<event_id> all;
    for (int i = 0; i < 300; ++i) {
        const sequence at = add(i, {"crm"});
        settle_as(at, "crm", dead, 1, "refused");
        all.push_back(delivery_id(ids_.at(at), "crm"));
    }
    opened_.reset();
    std::ofstream(file(2), std::ios::binary).put('x');
    open();
    EXPECT_TRUE(eventually([&] { return opened_->open_reader()->events_after(0, 1, 1).has_value(); }));
    ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(file(1)); }));
    EXPECT_EQ(revive(*opened_, all), 300U);
    EXPECT_EQ(unfinished("crm").size(), 300U);
    expect_no_differences_over_a_restart();
}

/// What became of it can't be told any more, so it goes to everybody once more, rather than to one too few.
TEST_F(MendedStoreMoves, RoutesAnEventAnewWhereADeliveryOfItHasNoHandler) {
    open();
    const sequence at = add(1, {"crm", "audit"});
    settle_as(at, "crm", done);
    opened_.reset();
    database(file(), open_mode::write).execute("UPDATE handlers SET id=9 WHERE name='audit'");
    open_in_a_fresh_file();
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over 1 lost 0"); }));
    EXPECT_TRUE(std::filesystem::exists(file(1) + ".damaged"));
    EXPECT_EQ(state(at), event_state::pending);
    EXPECT_TRUE(story(at).summary.deliveries.empty());
    EXPECT_GT(story(at).summary.sequence, opened_->open_reader()->routed_up_to().value());
}

/// By then everything that waited had been read.
TEST_F(MendedStoreMoves, TellsTheSinkOfAPendingDeliveryThatIsFoundLate) {
    open();
    const sequence at = add(1, {"crm"});
    opened_.reset();
    // An index of what isn't finished that has nothing in it.
    const auto index_where = [this](const char* had, const char* has) {
        database schema(file(), open_mode::write);
        schema.execute("PRAGMA writable_schema=ON");
        statement(schema, "UPDATE sqlite_schema SET sql=replace(sql, ?, ?) WHERE name='unfinished'")
            .bind(std::string_view(had), std::string_view(has))
            .run();
    };
    index_where("state < 2", "state < 0");
    database(file(), open_mode::write).execute("REINDEX unfinished");
    index_where("state < 0", "state < 2");

    auto holder = std::make_unique<database>(file(), open_mode::write);
    holder->execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    std::ofstream(file(2), std::ios::binary).put('x');
    open();
    std::atomic<int> told = 0;
    opened_->on_committed([&](std::span<const stored_event> events) { told += events.empty() ? 1 : 0; });
    holder.reset();
    EXPECT_TRUE(eventually([&] { return told == 2; })) << "that all is carried, and of what wasn't";
    opened_->on_committed(nullptr);
    EXPECT_EQ(unfinished("crm").at(0).sequence, at);
}

TEST_F(MendedStoreMoves, WhatWasDiscardedLeavesWithWhatIsDone) {
    const auto for_ever = std::chrono::hours{24 * 365};
    constexpr std::uint64_t no_bound = 1ULL << 40;
    open({for_ever, for_ever, for_ever, no_bound}, 0ms);
    const sequence given_up = add(1, {"crm"});
    settle_as(given_up, "crm", dead, 1, "refused");
    discard(*opened_, {delivery(given_up, "crm").delivery});
    const sequence nobodys = add(2, {}, "unparsable");
    discard(*opened_, {delivery(nobodys, "").delivery});
    const sequence is_dead = add(3, {"crm"});
    settle_as(is_dead, "crm", dead, 1, "refused");
    const sequence revived = add(4, {"crm"});
    settle_as(revived, "crm", dead, 1, "refused");
    revive(*opened_, {delivery(revived, "crm").delivery});

    open({1ms, for_ever, for_ever, no_bound}, 0ms);
    EXPECT_TRUE(eventually([&] { return opened_->accounts().discarded == 0; }));
    EXPECT_EQ(opened_->accounts().expired, 2U);
    EXPECT_EQ(state(is_dead), event_state::dead);
    EXPECT_EQ(state(revived), event_state::pending);
    EXPECT_EQ(differences(*opened_), "");

    open({1ms, for_ever, 1ms, no_bound}, 0ms);
    EXPECT_TRUE(eventually([&] { return opened_->accounts().dead == 0; }));
    EXPECT_TRUE(opened_->open_reader()->list_dead({}).value().records.empty());
    EXPECT_EQ(differences(*opened_), "");
}

TEST_F(MendedStoreMoves, SizeDropsWhatWasDiscarded) {
    const auto for_ever = std::chrono::hours{24 * 365};
    open({for_ever, for_ever, for_ever, 1ULL << 40}, 0ms);
    const sequence given_up = add(1, {"crm"});
    settle_as(given_up, "crm", dead, 1, "refused");
    discard(*opened_, {delivery(given_up, "crm").delivery});
    const sequence is_dead = add(2, {"crm"});
    settle_as(is_dead, "crm", dead, 1, "refused");
    open({for_ever, for_ever, for_ever, 1}, 0ms);
    EXPECT_TRUE(eventually([&] { return opened_->accounts().discarded == 0; }));
    EXPECT_EQ(state(is_dead), event_state::dead);
}

} // namespace
} // namespace outreachd::store
