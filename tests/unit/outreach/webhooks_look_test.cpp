/// What people are told of the webhooks at Outreach.
#include "daemon/outreach/webhooks_look.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using testing::ElementsAre;

constexpr const char* hook_url = "https://hooks.example.com/w";
const wall_time now = *parse_timestamp("2026-11-21T08:22:55Z");

settings::webhooks subscribed_to(std::vector<std::string> events) {
    settings::webhooks made;
    made.url = hook_url;
    made.subscribe = std::move(events);
    return made;
}

webhook seen_there(const std::string& id, const std::string& resource, const std::string& action) {
    webhook made;
    made.id = id;
    made.url = hook_url;
    made.resource = resource;
    made.action = action;
    return made;
}

/// Each in a few words.
std::vector<std::string> words(const webhooks_look& look) {
    std::vector<std::string> all;
    for (const seen_webhook& one : look.webhooks)
        all.push_back(one.resource + "." + one.action + (one.id.empty() ? "" : " " + one.id) +
                      (one.is_configured ? "" : " unwanted") + (one.sends() ? "" : " silent"));
    return all;
}

TEST(WebhooksLook, ShowsWhatLeadsHereOrShouldAndWhatIsSilentFirst) {
    webhook elsewhere = seen_there("1", "task", "completed");
    elsewhere.url = "https://other.example.com/w";
    webhook suspended = seen_there("4", "call", "created");
    suspended.disabled_reason = "no answer";
    suspended.disabled_since = "2026-11-21T07:00:00.000Z";
    webhook inactive = seen_there("5", "user", "updated");
    inactive.is_active = false;
    const webhooks_look look = look_at({elsewhere, seen_there("2", "task", "completed"),
                                        seen_there("3", "task", "completed"), suspended, inactive},
                                       subscribed_to({"task.completed", "mailing.*", "call.created"}), now);
    EXPECT_THAT(words(look),
                ElementsAre("mailing.* silent", "call.created 4 silent", "user.updated 5 unwanted silent",
                            "task.completed 2", "task.completed 3"));
    EXPECT_EQ(look.webhooks[1].disabled_reason, "no answer");
    EXPECT_EQ(look.webhooks[1].disabled_since, parse_timestamp("2026-11-21T07:00:00Z"));
    EXPECT_TRUE(look.webhooks[1].is_active);
    EXPECT_EQ(look.looked_at, now);
    EXPECT_EQ(look.problem, "");
    EXPECT_EQ(look.left_out, 0U);
}

/// Whoever may write at Outreach must not fill our memory, or somebody's terminal.
TEST(WebhooksLook, IsBounded) {
    webhook hostile =
        seen_there(std::string(10'000, '1'), std::string(10'000, 'r'), std::string(10'000, 'a'));
    hostile.disabled_reason = "\x1b[2J" + std::string(100'000, 'x');
    hostile.disabled_since = "yesterday";
    std::vector<webhook> all(100, seen_there("1", "task", "completed"));
    EXPECT_EQ(look_at(all, subscribed_to({}), now).left_out, 0U);
    all.push_back(hostile);
    const webhooks_look look = look_at(all, subscribed_to({}), now);
    EXPECT_EQ(look.webhooks.size(), 100U);
    EXPECT_EQ(look.left_out, 1U);
    const seen_webhook& first = look.webhooks[0];
    EXPECT_LT(first.id.size() + first.resource.size() + first.action.size(), 500U);
    EXPECT_LT(first.disabled_reason.size(), 600U);
    EXPECT_EQ(first.disabled_reason.find('\x1b'), std::string::npos);
    EXPECT_FALSE(first.disabled_since);
}

} // namespace
} // namespace outreachd::outreach
