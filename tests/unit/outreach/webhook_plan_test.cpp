/// What `webhooks plan` says, and what it leaves alone.
#include "daemon/outreach/webhook_plan.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* url = "https://hooks.example.com/w";

settings::webhooks configured(std::vector<std::string> events) {
    settings::webhooks made;
    made.url = url;
    made.subscribe = std::move(events);
    made.signing = secret{"s3cret"};
    return made;
}

webhook there(const std::string& id, const std::string& resource, const std::string& action) {
    webhook made;
    made.id = id;
    made.url = url;
    made.resource = resource;
    made.action = action;
    made.payload_version = 2;
    made.creator_app = "our-app";
    return made;
}

ownership ours(const std::vector<std::string>& made = {}) {
    ownership whose;
    whose.app = "our-app";
    for (const std::string& id : made)
        whose.made.push_back({id, secret_print(secret{"s3cret"}), {}});
    return whose;
}

std::vector<std::string> lines(const webhook_plan& plan) {
    std::vector<std::string> all;
    for (const webhook_change& one : plan.changes)
        all.push_back((one.kind == change_kind::create   ? "+ "
                       : one.kind == change_kind::update ? "~ "
                                                         : "- ") +
                      one.wanted.event() + (one.id.empty() ? "" : " " + one.id));
    return all;
}

TEST(WebhookPlan, MakesOneWebhookForEachEvent) {
    const webhook_plan plan = make_plan({}, configured({"task.completed", "mailing.*", "*.*"}), ours());
    EXPECT_THAT(lines(plan), ElementsAre("+ task.completed", "+ mailing.*", "+ *.*"));
    EXPECT_EQ(plan.changes[0].wanted.payload_version, 2);
    EXPECT_THAT(to_text(plan), HasSubstr("+ create task.completed -> https://hooks.example.com/w\n"));
}

TEST(WebhookPlan, IsEmptyWhereEverythingIsAsItShouldBe) {
    EXPECT_TRUE(
        make_plan({there("1", "task", "completed")}, configured({"task.completed"}), ours({"1"})).is_empty());
    webhook shown = there("1", "task", "completed");
    shown.secret_shown = "s3cret";
    EXPECT_TRUE(make_plan({shown}, configured({"task.completed"}), ours()).is_empty())
        << "made by another host";
}

TEST(WebhookPlan, UpdatesWhatDiffersAndSaysHow) {
    webhook old = there("1", "task", "completed");
    old.payload_version = 1;
    old.is_active = false;
    old.disabled_reason = "the host can't be resolved";
    old.disabled_since = "2026-11-20T00:00:00Z";
    const webhook_plan plan = make_plan({old}, configured({"task.completed"}), ours({"1"}));
    EXPECT_THAT(lines(plan), ElementsAre("~ task.completed 1"));
    EXPECT_THAT(
        plan.changes[0].why,
        ElementsAre(
            "payload version 1, should be 2", "inactive, is made active again",
            "suspended since 2026-11-20T00:00:00Z (the host can't be resolved), which an update ends"));
}

TEST(WebhookPlan, TellsASecretThatHasChanged) {
    settings::webhooks rotated = configured({"task.completed"});
    rotated.signing = secret{"another"};
    EXPECT_THAT(lines(make_plan({there("1", "task", "completed")}, rotated, ours({"1"}))),
                ElementsAre("~ task.completed 1"));
    webhook shown = there("1", "task", "completed");
    shown.secret_shown = "s3cret";
    EXPECT_THAT(lines(make_plan({shown}, rotated, ours({"1"}))), ElementsAre("~ task.completed 1"));
    // Outreach may withhold it (contract 5.10): nobody here knows, so it is told once.
    EXPECT_THAT(lines(make_plan({there("1", "task", "completed")}, configured({"task.completed"}), ours())),
                ElementsAre("~ task.completed 1"));
    EXPECT_EQ(to_text(make_plan({shown}, rotated, ours({"1"}))).find("s3cret"), std::string::npos);
}

TEST(WebhookPlan, RemovesWhatItMadeAndTheConfigurationNamesNoMore) {
    EXPECT_THAT(lines(make_plan({there("1", "task", "completed"), there("2", "call", "*")},
                                configured({"task.completed"}), ours({"1", "2"}))),
                ElementsAre("- call.* 2"));
}

/// Both would send what happens. What our app has elsewhere may be another host's.
TEST(WebhookPlan, RemovesWhatItMadeForAUrlThatHasChanged) {
    webhook old = there("1", "task", "completed");
    old.url = "https://hooks.example.com/before";
    webhook anothers = there("2", "task", "completed");
    anothers.url = "https://elsewhere.example.com/w";
    const webhook_plan plan = make_plan({old, anothers}, configured({"task.completed"}), ours({"1"}));
    EXPECT_THAT(lines(plan), ElementsAre("+ task.completed", "- task.completed 1")) << "the new one first";
    EXPECT_THAT(to_text(plan), HasSubstr("- delete task.completed -> https://hooks.example.com/before"));
    EXPECT_THAT(plan.changes[1].why,
                ElementsAre("made by this host for a URL that the configuration doesn't name"));
}

/// Two hosts that applied at once: the older stays, whatever order they are told in.
TEST(WebhookPlan, RemovesAYoungerTwin) {
    const webhook_plan plan = make_plan({there("10", "task", "completed"), there("9", "task", "completed")},
                                        configured({"task.completed"}), ours({"9"}));
    EXPECT_THAT(lines(plan), ElementsAre("- task.completed 10"));
    EXPECT_THAT(plan.changes[0].why, ElementsAre("an older one does the same"));
    // The other host: it knows its own alone, and tells the older what to sign with, which it can't know.
    EXPECT_THAT(lines(make_plan({there("10", "task", "completed"), there("9", "task", "completed")},
                                configured({"task.completed"}), ours({"10"}))),
                ElementsAre("~ task.completed 9", "- task.completed 10"));
}

TEST(WebhookPlan, TouchesNothingThatSomebodyElseMade) {
    webhook other = there("1", "task", "completed");
    other.creator_app = "another-app";
    other.payload_version = 1;
    webhook elsewhere = there("2", "call", "*");
    elsewhere.url = "https://other.example.com/w";
    const webhook_plan plan = make_plan({other, elsewhere}, configured({"task.completed"}), ours());
    EXPECT_THAT(plan.changes, IsEmpty());
    EXPECT_THAT(plan.remarks, ElementsAre(HasSubstr("was made by somebody else")));
    ownership told = ours();
    told.includes_others = true;
    EXPECT_THAT(lines(make_plan({other, elsewhere}, configured({"task.completed"}), told)),
                ElementsAre("~ task.completed 1"));
}

TEST(Webhook, IsReadAsOutreachTellsIt) {
    const auto read = read_webhook(boost::json::parse(
        R"({"type":"webhook","id":7,"attributes":{"url":"u","resource":"task","action":"completed","active":false,)"
        R"("payloadVersion":2,"secret":null,"disabledReason":"r","disabledSince":"s","creatorAppId":"c",)"
        R"("cleanupToken":"eyJh"}})"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, "7");
    EXPECT_EQ(read->event(), "task.completed");
    EXPECT_FALSE(read->is_active);
    EXPECT_EQ(read->disabled_reason, "r");
    EXPECT_FALSE(read->secret_shown) << "null says nothing";
    EXPECT_EQ(read->cleanup_token, secret{"eyJh"});
    const auto bare =
        read_webhook(boost::json::parse(R"({"type":"webhook","id":"8","attributes":{"url":"u"}})"));
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->event(), "*.*") << "both default to everything (contract 4.2)";
    EXPECT_FALSE(read_webhook(boost::json::parse(R"({"type":"task","id":1})")));
}

} // namespace
} // namespace outreachd::outreach
