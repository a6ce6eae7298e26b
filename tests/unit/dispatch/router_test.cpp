/// Where events go.
#include "daemon/dispatch/router.hpp"
#include "daemon/event/ordering_key.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

using destinations = std::vector<store::destination>;

store::stored_event event_named(const std::string& name, const std::string& id = "") {
    auto made = std::make_shared<event>();
    made->facts.name = name;
    made->facts.resource = name.substr(0, name.find('.'));
    made->facts.resource_id = id;
    return {7, std::move(made), false, {}};
}

TEST(Router, NamesEachHandlerOnceInTheOrderOfTheFile) {
    const router routes({{{"mailing.*"}, {"mail"}, ""},
                         {{"task.completed", "task.*"}, {"crm", "audit"}, ""},
                         {{"*"}, {"audit", "archive"}, ""}});
    EXPECT_EQ(routes.destinations_of("task.completed"), (destinations{"crm", "audit", "archive"}));
    EXPECT_EQ(routes.destinations_of("mailing.replied"), (destinations{"mail", "audit", "archive"}));
    EXPECT_EQ(routes.destinations_of(""), (destinations{"audit", "archive"}));
}

TEST(Router, LeavesAnEventUnroutedThatNoRouteTakes) {
    const auto decided = router({{{"task.*"}, {"crm"}, ""}}).decide(event_named("call.created", "1"));
    EXPECT_EQ(decided.sequence, 7);
    EXPECT_TRUE(decided.handlers.empty());
    EXPECT_EQ(decided.dead_reason, "");
}

TEST(Router, BuriesAnUnreadableEventOnlyWhereNoRouteTakesIt) {
    EXPECT_EQ(router({{{"task.*"}, {"crm"}, ""}}).decide(event_named("unknown")).dead_reason, "unparsable");
    const auto taken = router({{{"unkn*"}, {"crm"}, ""}}).decide(event_named("unknown"));
    EXPECT_EQ(taken.handlers, destinations{"crm"});
    EXPECT_EQ(taken.dead_reason, "");
}

TEST(Router, BuriesADamagedEvent) {
    const auto decided = router({{{"*"}, {"crm"}, ""}}).decide({9, nullptr, false, {}});
    EXPECT_EQ(decided.sequence, 9);
    EXPECT_TRUE(decided.handlers.empty());
    EXPECT_EQ(decided.dead_reason, damaged_reason);
}

event_facts facts_of(const std::string& name, const std::string& id) {
    return event_named(name, id).subject->facts;
}

TEST(OrderingKey, IsOneForAResourceAndNoneWithoutAnId) {
    const auto task = facts_of("task.completed", "1");
    const auto again = facts_of("task.updated", "1");
    const auto call = facts_of("call.updated", "1");
    const auto shifted = facts_of("tas.updated", "k1");
    EXPECT_EQ(ordering_key(task), ordering_key(again));
    EXPECT_NE(ordering_key(task), ordering_key(call));
    EXPECT_NE(ordering_key(task), ordering_key(shifted));
    EXPECT_NE(ordering_key(task), 0U);
    EXPECT_EQ(ordering_key(facts_of("task.updated", "")), 0U);
}

} // namespace
} // namespace outreachd::dispatch
