/// What is dead, as lists give it.
#include "tests/unit/store/mended_store.hpp"

#include <gmock/gmock.h>

#include <set>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;
using enum delivery_state;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Mending, ListsDeadDeliveriesNewestFirstInPages) {
    open();
    for (int i = 0; i < 10; ++i) {
        const sequence at = add(i, {"crm", "audit"});
        settle_as(at, "crm", dead, 1, "refused " + std::to_string(i));
        settle_as(at, "audit", i % 2 == 0 ? dead : done, 1, i % 2 == 0 ? "full" : "");
    }
    add(10, {}, "unparsable");
    const auto reader = opened_->open_reader();
    std::vector<std::string> seen;
    std::set<std::string> ids;
    dead_filter page;
    for (page.limit = 4;;) {
        const auto found = reader->list_dead(page).value().records;
        for (const dead_delivery& one : found) {
            seen.push_back(one.of.facts.resource_id);
            ids.insert(outreachd::to_string(one.what.delivery));
        }
        if (found.size() < page.limit)
            break;
        page.before = found.back().what.delivery;
    }
    EXPECT_THAT(seen,
                ElementsAre("10", "9", "8", "8", "7", "6", "6", "5", "4", "4", "3", "2", "2", "1", "0", "0"));
    EXPECT_EQ(ids.size(), seen.size());

    const auto count = [&](auto&& ask) {
        dead_filter what;
        ask(what);
        return reader->list_dead(what).value().records.size();
    };
    EXPECT_EQ(count([&](dead_filter& what) { what.handler = "audit"; }), 5U);
    EXPECT_EQ(count([&](dead_filter& what) { what.handler = "nobody"; }), 0U);
    EXPECT_EQ(count([&](dead_filter& what) { what.resource = "task:8"; }), 2U);
    EXPECT_EQ(count([&](dead_filter& what) { what.resource = "task"; }), 16U);
    EXPECT_EQ(count([&](dead_filter& what) { what.name = "task.completed"; }), 16U);
    EXPECT_EQ(count([&](dead_filter& what) { what.name = "task.created"; }), 0U);
    EXPECT_EQ(count([&](dead_filter& what) { what.since = wall_now() - 1h; }), 16U);
    EXPECT_EQ(count([&](dead_filter& what) { what.since = wall_now() + 1h; }), 0U);
    EXPECT_EQ(count([&](dead_filter& what) { what.limit = 3; }), 3U);
    EXPECT_EQ(count([&](dead_filter& what) {
                  what.before = delivery_id(ids_.begin()->second, "crm");
                  what.handler = "audit";
              }),
              0U);
    dead_filter unknown;
    unknown.before = delivery_id(ids_.begin()->second, "nobody");
    EXPECT_EQ(reader->list_dead(unknown).error(), errc::not_found);

    page = {};
    page.limit = 2;
    const auto newest = reader->list_dead(page).value().records;
    EXPECT_EQ(newest[0].what.handler, "");
    EXPECT_EQ(newest[0].what.reason, "unparsable");
    EXPECT_EQ(newest[0].of.state, event_state::dead);
    EXPECT_EQ(newest[1].what.reason, "refused 9");
    EXPECT_EQ(newest[1].what.last_answer, "answer");
    EXPECT_EQ(newest[1].what.attempts, 1U);
}

TEST_F(Mending, PagesByAnyDeadDeliveryWhateverIsAskedFor) {
    open();
    const sequence older = add(1, {"a", "b"});
    const sequence newer = add(2, {"a", "b"});
    for (const sequence at : {older, newer})
        for (const char* const handler : {"a", "b"})
            settle_as(at, handler, dead, 1, "refused");
    dead_filter page;
    page.handler = "a";
    page.before = delivery(newer, "b").delivery; // in front of the same event's to `a`
    EXPECT_EQ(opened_->open_reader()->list_dead(page).value().records.size(), 2U);
    page.before = delivery(newer, "a").delivery;
    EXPECT_EQ(opened_->open_reader()->list_dead(page).value().records.size(), 1U);
    page.handler = "b";
    EXPECT_EQ(opened_->open_reader()->list_dead(page).value().records.size(), 1U);
}

/// For who makes them pending again: a record's events are to come in their order.
TEST_F(Mending, GivesDeadDeliveriesInTheOrderOfReceipt) {
    open();
    std::vector<sequence> events;
    for (int i = 1; i <= 3; ++i) {
        events.push_back(add(i, {"a", "b"}));
        for (const char* const handler : {"a", "b"})
            settle_as(events.back(), handler, dead, 1, "refused");
    }
    const auto listed = [&](dead_place behind, sequence newest, const char* handler = "") {
        dead_filter page;
        page.in_order = dead_span{std::move(behind), newest};
        page.handler = handler;
        std::vector<std::string> found;
        for (const dead_delivery& one : opened_->open_reader()->list_dead(page).value().records)
            found.push_back(one.of.facts.resource_id + one.what.handler);
        return found;
    };
    EXPECT_THAT(listed({}, events[2]), ElementsAre("1a", "1b", "2a", "2b", "3a", "3b"));
    EXPECT_THAT(listed({}, events[1]), ElementsAre("1a", "1b", "2a", "2b")) << "and none that came later";
    EXPECT_THAT(listed({events[0], "a"}, events[1]), ElementsAre("1b", "2a", "2b"));
    EXPECT_THAT(listed({events[0], "b"}, events[2], "a"), ElementsAre("2a", "3a"));
    EXPECT_THAT(listed({events[0], "a"}, events[2], "b"), ElementsAre("1b", "2b", "3b"));
    ASSERT_EQ(revive(*opened_, {delivery(events[1], "a").delivery}), 1U);
    EXPECT_THAT(listed({events[1], "a"}, events[2]), ElementsAre("2b", "3a", "3b"))
        << "whether it is dead still";
    EXPECT_THAT(listed({}, 0), IsEmpty());
}

} // namespace
} // namespace outreachd::store
