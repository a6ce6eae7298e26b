#include "daemon/delivery_decisions.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

using destinations = std::vector<store::destination>;

destinations replayed_to(const settings::roles& roles, bool is_through_broker) {
    const store::stored_event stored{7, std::make_shared<event>(), true, {}};
    const auto by_routes = [](const store::stored_event& asked) {
        store::routing decided;
        decided.sequence = asked.sequence;
        decided.handlers = {"crm", "audit"};
        return decided;
    };
    const store::routing decided = route_anew({roles, is_through_broker}, stored, by_routes);
    EXPECT_EQ(decided.sequence, 7);
    return decided.handlers;
}

TEST(RouteAnew, GoesByTheRoutesWhereThereIsNoBroker) {
    EXPECT_EQ(replayed_to({.receives = true, .works = true}, false), (destinations{"crm", "audit"}));
}

TEST(RouteAnew, GoesByTheRoutesOfAHostThatOnlyWorks) {
    EXPECT_EQ(replayed_to({.receives = false, .works = true}, true), (destinations{"crm", "audit"}));
}

TEST(RouteAnew, GoesToTheBrokerAloneOfAHostThatOnlyReceives) {
    EXPECT_EQ(replayed_to({.receives = true, .works = false}, true), destinations{store::outbox_name});
}

TEST(RouteAnew, GoesToTheBrokerAndByTheRoutesOfAHostThatDoesBoth) {
    EXPECT_EQ(replayed_to({.receives = true, .works = true}, true),
              (destinations{store::outbox_name, "crm", "audit"}));
}

bool has_crm(std::string_view handler) {
    return handler == "crm";
}

TEST(HasUnfinished, LooksAtTheOldestOfEachHandler) {
    EXPECT_FALSE(has_unfinished({9, {}}, 9, has_crm));
    EXPECT_FALSE(has_unfinished({9, {{"crm", {6, {}}}}}, 5, has_crm));
    EXPECT_TRUE(has_unfinished({9, {{"crm", {5, {}}}}}, 5, has_crm));
    EXPECT_TRUE(has_unfinished({9, {{"crm", {4, {}}}}}, 5, has_crm));
}

TEST(HasUnfinished, HoldsWhatWasNotLookedAtForUnfinished) {
    EXPECT_TRUE(has_unfinished({4, {}}, 5, has_crm));
    EXPECT_FALSE(has_unfinished({5, {}}, 5, has_crm));
}

TEST(HasUnfinished, LeavesOutHandlersThatAreNoMore) {
    EXPECT_FALSE(has_unfinished({9, {{"gone", {4, {}}}}}, 5, has_crm));
    EXPECT_TRUE(has_unfinished({9, {{"crm", {5, {}}}, {"gone", {4, {}}}}}, 5, has_crm));
}

} // namespace
} // namespace outreachd
