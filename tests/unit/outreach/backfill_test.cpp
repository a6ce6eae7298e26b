/// What Outreach has and no event told of is found, and stored once. Against the sandbox, and a real store.
#include "tests/unit/outreach/backfill_under_test.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace outreachd::outreach {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(Backfill, StoresWhatNoEventToldOfAndThatOnce) {
    const std::int64_t known = add_prospect("Ada");
    const std::int64_t missing = add_prospect("Grace");
    append(events_, delivered("prospect", known, R"("updatedAt":")" + updated_at(known) + '"',
                              "2026-01-01T00:00:00Z"));

    const backfill_progress first = run();
    EXPECT_TRUE(first.is_complete());
    ASSERT_THAT(first.resources, SizeIs(1));
    EXPECT_EQ(first.resources[0].listed, 2U);
    EXPECT_EQ(first.resources[0].missing, 1U);
    EXPECT_EQ(first.resources[0].stored, 1U);

    const auto all = stored();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[1]->facts.name, "prospect.created");
    EXPECT_EQ(all[1]->facts.resource_id, std::to_string(missing));
    EXPECT_EQ(all[1]->endpoint, "/hook");
    EXPECT_EQ(all[1]->source, "outreach");
    const auto body = boost::json::parse(all[1]->body);
    EXPECT_TRUE(body.at_pointer("/meta/backfilled").as_bool());
    EXPECT_EQ(body.at_pointer("/data/attributes/firstName"), "Grace");

    const backfill_progress second = run();
    EXPECT_EQ(second.resources[0].missing, 0U);
    EXPECT_THAT(stored(), SizeIs(2));
}

TEST_F(Backfill, WhatWasThereBeforeIsUpdated) {
    const std::string first = std::to_string(add_prospect("Ada"));
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    since_ = wall_now();
    std::this_thread::sleep_for(std::chrono::milliseconds{2}); // its times have no microseconds
    add_prospect("Grace");
    outreach_.patch("prospects/" + first, R"({"data":{"type":"prospect","id":)" + first +
                                              R"(,"attributes":{"firstName":"Edith"}}})");
    EXPECT_EQ(run().resources[0].stored, 2U);
    std::vector<std::string> names;
    for (const auto& one : stored())
        names.push_back(one->facts.name);
    EXPECT_THAT(names, testing::UnorderedElementsAre("prospect.updated", "prospect.created"));
}

/// An event that told of an earlier state is none of this one; one without `updatedAt` counts by its
/// delivery.
TEST_F(Backfill, ComparesStatesAndNotRecords) {
    const std::int64_t older = add_prospect("Ada");
    const std::int64_t by_delivery = add_prospect("Grace");
    append(events_,
           delivered("prospect", older, R"("updatedAt":"2020-01-01T00:00:00.000Z")", "2099-01-01T00:00:00Z"));
    append(events_, delivered("prospect", by_delivery, R"("firstName":"Grace")", "2099-01-01T00:00:00Z"));
    const backfill_progress told = run();
    ASSERT_THAT(told.missing, SizeIs(1));
    EXPECT_EQ(told.missing[0].id, std::to_string(older));
}

/// Two organisations number their records from one.
TEST_F(Backfill, AnotherSourcesEventsTellOfOtherRecords) {
    const std::int64_t prospect = add_prospect("Ada");
    append(events_, delivered("prospect", prospect, R"("updatedAt":")" + updated_at(prospect) + '"',
                              "2026-01-01T00:00:00Z"));
    source_ = "another-organisation";
    EXPECT_EQ(run().resources[0].stored, 1U);
    EXPECT_EQ(run().resources[0].stored, 0U);
}

TEST_F(Backfill, ADryRunStoresNothing) {
    const std::int64_t missing = add_prospect("Ada");
    const backfill_progress told = run({"prospect"}, true);
    EXPECT_TRUE(told.is_complete());
    EXPECT_EQ(told.resources[0].missing, 1U);
    EXPECT_EQ(told.resources[0].stored, 0U);
    ASSERT_THAT(told.missing, SizeIs(1));
    EXPECT_EQ(told.missing[0].id, std::to_string(missing));
    EXPECT_THAT(stored(), SizeIs(0));
}

TEST_F(Backfill, AResourceThatCannotBeListedHoldsUpNoOther) {
    add_prospect("Ada");
    const backfill_progress told = run({"frobnication", "prospect"});
    EXPECT_FALSE(told.is_complete());
    EXPECT_THAT(told.resources[0].problem, HasSubstr("404"));
    EXPECT_TRUE(told.resources[0].is_for_good);
    EXPECT_TRUE(told.resources[1].is_done);
    EXPECT_THAT(stored(), SizeIs(1));
}

/// More than a page holds.
TEST_F(Backfill, EachOfManyComesOnce) {
    constexpr std::uint64_t count = 1'203;
    for (std::uint64_t n = 0; n < count; ++n)
        add_prospect("P" + std::to_string(n));
    const backfill_progress told = run();
    EXPECT_EQ(told.resources[0].stored, count);
    std::set<std::string> ids;
    for (const auto& one : stored())
        ids.insert(one->facts.resource_id);
    EXPECT_EQ(ids.size(), count);
    EXPECT_EQ(stored().size(), count);
}

/// What an answer may hold is bounded, and records can be long.
TEST_F(Backfill, APageThatIsTooLongIsAskedForInSmallerOnes) {
    add_prospect("Ada");
    outreach_.subject.inject({.path = "/api/v2/prospects",
                              .kind = sandbox::fault_kind::answer,
                              .status = 200,
                              .headers = {{"Content-Type", "application/vnd.api+json"}},
                              .body_bytes = 17UL * 1024 * 1024});
    const backfill_progress told = run();
    EXPECT_TRUE(told.is_complete()) << told.resources[0].problem;
    EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(Backfill, ARecordThatCannotBeComparedIsTold) {
    outreach_.subject.inject({.path = "/api/v2/prospects",
                              .kind = sandbox::fault_kind::answer,
                              .status = 200,
                              .headers = {{"Content-Type", "application/vnd.api+json"}},
                              .body = R"({"data":[{"type":"prospect","id":5,"attributes":{}}]})"});
    const backfill_progress told = run();
    EXPECT_FALSE(told.is_complete());
    EXPECT_THAT(told.resources[0].problem, HasSubstr("1 records have no id or no updatedAt"));
}

/// Half of what is known would make the other half missing.
TEST_F(Backfill, WhatIsStoppedWhileItReadsTheStoreStoresNothing) {
    const std::int64_t known = add_prospect("Ada");
    append(events_, delivered("prospect", known, R"("updatedAt":")" + updated_at(known) + '"',
                              "2026-01-01T00:00:00Z"));
    int looks = 0;
    const backfill_progress told = run_backfill(
        sources(), target(), {since_, {"prospect"}},
        [&](std::chrono::milliseconds) { return ++looks > 1000; }, [](const backfill_progress&) {},
        {.settle = std::chrono::milliseconds{0}});
    EXPECT_FALSE(told.is_complete());
    EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(Backfill, ARecordWhoseCreationCameIsUpdated) {
    const std::int64_t known = add_prospect("Ada");
    append(events_,
           delivered("prospect", known, R"("updatedAt":"2020-01-01T00:00:00.000Z")", "2020-01-01T00:00:00Z"));
    EXPECT_EQ(run().resources[0].stored, 1U);
    EXPECT_EQ(stored().back()->facts.name, "prospect.updated");
}

class LimitedBackfill : public Backfill {
protected:
    LimitedBackfill() : Backfill(limited()) {}

    static sandbox::options limited() {
        sandbox::options made = quiet();
        made.limit = 20;
        return made;
    }
};

/// Here the hour has 20 requests.
TEST_F(LimitedBackfill, LeavesHalfOfTheHourlyLimitToOthers) {
    std::vector<std::string> many(19, "prospect");
    is_over_ = false;
    std::size_t waits = 0;
    const backfill_progress told = run_backfill(
        sources(), target(), {since_, many, true},
        [&](std::chrono::milliseconds time) { return time.count() == 0 || waits++ > 100; },
        [this](const backfill_progress& now) {
            if (!now.waits_for.empty())
                waited_for_.push_back(now.waits_for);
        },
        {.settle = std::chrono::milliseconds{0}});
    EXPECT_FALSE(told.is_complete());
    ASSERT_THAT(waited_for_, testing::Not(testing::IsEmpty()));
    EXPECT_THAT(waited_for_[0], HasSubstr("half of the hourly limit"));
    const auto listed = std::ranges::count_if(told.resources, &resource_progress::is_done);
    EXPECT_GE(listed, 9);
    EXPECT_LE(listed, 11);
}

TEST(ChangedRecord, ACollectionIsTheResourcesPlural) {
    for (const auto& [resource, collection] :
         {std::pair{"task", "tasks"}, std::pair{"opportunity", "opportunities"},
          std::pair{"emailAddress", "emailAddresses"}, std::pair{"sequenceState", "sequenceStates"},
          std::pair{"batch", "batches"}, std::pair{"survey", "surveys"}})
        EXPECT_EQ(collection_of(resource), collection);
}

TEST(ChangedRecord, DigitsAndUnknownMembersStayAsTheyCame) {
    const std::string text =
        R"({"type":"task","id":9007199254740993,"attributes":{"n":1.10,"updatedAt":"2026-01-02T03:04:05.678Z"}})";
    const auto read = read_changed_record(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, "9007199254740993");
    EXPECT_EQ(
        backfilled_body(*read, false),
        R"({"data":)" + text +
            R"(,"meta":{"deliveredAt":"2026-01-02T03:04:05.678Z","eventName":"task.updated","backfilled":true}})");
}

TEST(ChangedRecord, ResourcesAreThoseOfTheWebhooksWhereNoneAreNamed) {
    settings::webhooks hooks;
    hooks.subscribe = {"task.completed", "mailing.*", "task.created"};
    EXPECT_THAT(resources_of({}, hooks), ElementsAre("task", "mailing"));
    EXPECT_THAT(resources_of({.resources = {"call"}}, hooks), ElementsAre("call"));
    hooks.subscribe = {"*.*"};
    EXPECT_THAT(resources_of({}, hooks), testing::IsSupersetOf({"prospect", "sequenceState", "user"}));
    EXPECT_THAT(resources_of({}, std::nullopt), testing::IsEmpty());
}

} // namespace
} // namespace outreachd::outreach
