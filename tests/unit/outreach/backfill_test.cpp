/// What Outreach has and no event told of is found, and stored once. Against the sandbox, and a real store.
#include "daemon/outreach/backfill.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace outreachd::outreach {
namespace {

using sandbox::running_sandbox;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// An event that came by a webhook.
std::string delivered(const std::string& type, std::int64_t id, const std::string& attributes,
                      const std::string& delivered_at) {
    return R"({"data":{"type":")" + type + R"(","id":)" + std::to_string(id) + R"(,"attributes":{)" +
           attributes + R"(}},"meta":{"deliveredAt":")" + delivered_at + R"(","eventName":")" + type +
           R"(.updated"}})";
}

class Backfill : public testing::Test {
protected:
    explicit Backfill(sandbox::options configured = quiet()) : outreach_(std::move(configured)) {
        settings::outreach to;
        to.base_url = outreach_.subject.base_url();
        to.auth = settings::token_access{.token = secret{sandbox::known_token}};
        shared_ = std::make_shared<handlers::outreach::access>(to, directory_.path());
    }

    static sandbox::options quiet() {
        sandbox::options made = sandbox::quick_options();
        made.limit = 100'000;
        made.is_empty = true;
        return made;
    }

    backfill_sources sources() { return {shared_, {}, events_}; }

    static backfill_target target() { return {"/hook", "outreach", std::chrono::hours{24}}; }

    backfill_progress run(std::vector<std::string> resources = {"prospect"}, bool is_dry_run = false) {
        return run_backfill(
            sources(), target(), {since_, std::move(resources), is_dry_run},
            [this](std::chrono::milliseconds) { return !is_over_; },
            [this](const backfill_progress& now) {
                if (!now.waits_for.empty())
                    waited_for_.push_back(now.waits_for);
            },
            {.settle = std::chrono::milliseconds{0}});
    }

    std::int64_t add_prospect(const std::string& name) {
        return outreach_.make("prospects", "prospect", R"("firstName":")" + name + '"');
    }

    std::string updated_at(std::int64_t prospect) {
        return outreach_.get("prospects/" + std::to_string(prospect)).text("/data/attributes/updatedAt");
    }

    std::vector<std::shared_ptr<const event>> stored() {
        std::vector<std::shared_ptr<const event>> all;
        const auto found = events_.open_reader()->events_after(0, 100'000, 1UL << 30U);
        for (const store::stored_event& one : found.value())
            all.push_back(one.subject);
        return all;
    }

    store::temporary_directory directory_;
    store::recording_observer watcher_;
    store::store events_{{.directory = directory_.path()}, watcher_};
    running_sandbox outreach_;
    std::shared_ptr<handlers::outreach::access> shared_;
    wall_time since_ = wall_now() - std::chrono::hours{1};
    std::vector<std::string> waited_for_;
    std::atomic<bool> is_over_ = false;
};

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

class AutomaticBackfill : public Backfill {
protected:
    std::shared_ptr<backfill> start(bool is_automatic = true) {
        auto made = std::make_shared<backfill>(
            sources(), target(), settings::backfill{.is_automatic = is_automatic, .resources = {}},
            std::vector<std::string>{"prospect"}, directory_.path(), outreach_.log,
            backfill_times{.beat = std::chrono::milliseconds{20}, .settle = std::chrono::milliseconds{0}});
        made->start();
        return made;
    }

    static void stop(backfill& what) {
        EXPECT_TRUE(what.finish_stop(std::chrono::steady_clock::now() + std::chrono::seconds{10}));
    }

    covered_time covered() const { return covered_time{directory_.path()}; }
};

TEST_F(AutomaticBackfill, FillsTheGapSinceTheLastMark) {
    const wall_time before = wall_now();
    covered().mark(before);
    add_prospect("Ada");
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1; }));
    EXPECT_TRUE(sandbox::becomes_true([&] { return covered().last() > before; })) << "and moves it on";
    stop(*running);
}

/// There is nothing to compare with, and a CRM has years of records.
TEST_F(AutomaticBackfill, ANewHostFetchesNothing) {
    add_prospect("Ada");
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] { return covered().last().has_value(); }));
    stop(*running);
    EXPECT_FALSE(running->progress());
    EXPECT_THAT(stored(), SizeIs(0));
}

/// A gap that can't be filled yet is one still after the next start.
TEST_F(AutomaticBackfill, TheMarkStaysWhileOutreachCannotBeAsked) {
    const wall_time before = wall_now() - std::chrono::minutes{5};
    covered().mark(before);
    shared_ = nullptr;
    settings::outreach nowhere;
    nowhere.base_url = "http://127.0.0.1:1/api/v2";
    nowhere.auth = settings::token_access{.token = secret{"any"}};
    shared_ = std::make_shared<handlers::outreach::access>(nowhere, directory_.path());
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] {
        const auto now = running->progress();
        return now && now->finished_at;
    }));
    stop(*running);
    EXPECT_EQ(to_rfc3339(covered().last().value()), to_rfc3339(before));
}

TEST_F(AutomaticBackfill, WhatASuspensionHeldBackIsFetchedAtItsEnd) {
    const auto running = start();
    const std::int64_t missing = add_prospect("Ada");
    running->note_suspension(wall_now() - std::chrono::seconds{1});
    running->note_suspension(wall_now());
    running->note_suspension(std::nullopt);
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1; }));
    stop(*running);
    EXPECT_EQ(stored()[0]->facts.resource_id, std::to_string(missing));
}

TEST_F(AutomaticBackfill, OneAtATime) {
    const auto running = start(false);
    EXPECT_EQ(running->ask({.since = since_}), "");
    EXPECT_THAT(running->ask({.since = since_}), HasSubstr("under way"));
    EXPECT_TRUE(sandbox::becomes_true([&] { return running->progress()->finished_at.has_value(); }));
    EXPECT_EQ(running->ask({.since = since_}), "");
    stop(*running);
    EXPECT_THAT(running->ask({.since = since_}), HasSubstr("stopping"));
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
        backfilled_body(*read, wall_now()),
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
