/// Events, deliveries and stories as JSON: exactly the names that are promised.
#include "daemon/admin/event_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <memory>

namespace outreachd::admin {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

const std::string event_text = "0193e0a1-7c00-7abc-8def-0123456789ab";
const std::string delivery_text = "0d9c0dd6-9c4c-5b8e-8a58-0123456789ab";

store::delivery_record some_delivery(store::delivery_state state) {
    store::delivery_record made;
    made.delivery = *parse_event_id(delivery_text);
    made.event = *parse_event_id(event_text);
    made.handler = "crm";
    made.state = state;
    made.attempts = 3;
    return made;
}

store::event_record some_event() {
    store::event_record made;
    made.id = *parse_event_id(event_text);
    made.facts.name = "task.completed";
    made.facts.resource = "task";
    made.facts.action = "completed";
    made.facts.resource_id = "90071992547409931234";
    made.facts.delivered_at = parse_timestamp("2026-11-21T08:22:54Z");
    made.received_at = *parse_timestamp("2026-11-21T08:22:55.123Z");
    made.endpoint = "/webhooks/outreach";
    made.source = "outreach";
    made.body_bytes = 17;
    made.state = store::event_state::pending;
    return made;
}

/// The list of this one event, as it is read back.
json::value list_of(const store::event_record& event) {
    return json::parse(to_json(std::vector<store::event_record>{event}));
}

std::vector<std::string> names_of(const json::object& object) {
    std::vector<std::string> names;
    for (const auto& each : object)
        names.emplace_back(each.key());
    return names;
}

TEST(EventJson, EventHasThePromisedNames) {
    const auto parsed = list_of(some_event());
    const auto& event = parsed.at(0).as_object();
    EXPECT_EQ(names_of(event),
              (std::vector<std::string>{"id", "name", "resource", "action", "resource_id", "received_at",
                                        "delivered_at", "endpoint", "source", "state", "deliveries"}));
    EXPECT_EQ(event.at("id").as_string(), event_text);
    EXPECT_EQ(event.at("resource_id").as_string(), "90071992547409931234");
    EXPECT_EQ(event.at("received_at").as_string(), "2026-11-21T08:22:55.123Z");
    EXPECT_EQ(event.at("delivered_at").as_string(), "2026-11-21T08:22:54.000Z");
    EXPECT_EQ(event.at("state").as_string(), "pending");
    EXPECT_TRUE(event.at("deliveries").as_array().empty());
}

TEST(EventJson, NoEventsAreAnEmptyArray) {
    EXPECT_EQ(to_json(std::vector<store::event_record>{}), "[]");
}

TEST(EventJson, WhatTheBodyDidNotSayIsNull) {
    auto event = some_event();
    event.facts = {};
    event.facts.name = unknown_event_name;
    const auto parsed = list_of(event);
    EXPECT_EQ(parsed.at(0).at("name").as_string(), "unknown");
    for (const char* const name : {"resource", "action", "resource_id", "delivered_at"})
        EXPECT_TRUE(parsed.at(0).at(name).is_null()) << name;
}

TEST(EventJson, DeliveryHasThePromisedNames) {
    auto event = some_event();
    auto delivery = some_delivery(store::delivery_state::retry);
    delivery.next_attempt_at = parse_timestamp("2026-11-21T08:23:00Z");
    delivery.reason = "crm: 503";
    delivery.last_answer = "try later";
    event.deliveries.push_back(delivery);
    const auto parsed = list_of(event);
    const auto& shown = parsed.at(0).at("deliveries").at(0).as_object();
    EXPECT_EQ(names_of(shown),
              (std::vector<std::string>{"id", "event_id", "handler", "name", "resource", "resource_id",
                                        "state", "attempts", "next_attempt_at", "reason", "died_at"}));
    EXPECT_EQ(shown.at("id").as_string(), delivery_text);
    EXPECT_EQ(shown.at("event_id").as_string(), event_text);
    EXPECT_EQ(shown.at("handler").as_string(), "crm");
    EXPECT_EQ(shown.at("state").as_string(), "retry");
    EXPECT_EQ(shown.at("attempts").to_number<int>(), 3);
    EXPECT_EQ(shown.at("next_attempt_at").as_string(), "2026-11-21T08:23:00.000Z");
    EXPECT_EQ(shown.at("reason").as_string(), "crm: 503");
    EXPECT_TRUE(shown.at("died_at").is_null());
}

TEST(EventJson, OnlyDeadDeliveriesDied) {
    auto event = some_event();
    for (const auto state : {store::delivery_state::done, store::delivery_state::dead}) {
        event.deliveries.push_back(some_delivery(state));
        event.deliveries.back().finished_at = parse_timestamp("2026-11-21T08:23:00Z");
    }
    const auto parsed = list_of(event);
    EXPECT_TRUE(parsed.at(0).at("deliveries").at(0).at("died_at").is_null());
    EXPECT_EQ(parsed.at(0).at("deliveries").at(1).at("died_at").as_string(), "2026-11-21T08:23:00.000Z");
}

TEST(EventJson, DeadWithoutHandlerIsShownUnroutedIsNot) {
    auto event = some_event();
    for (const auto state : {store::delivery_state::unrouted, store::delivery_state::dead}) {
        event.deliveries.push_back(some_delivery(state));
        event.deliveries.back().handler.clear();
    }
    const auto parsed = list_of(event);
    const auto& deliveries = parsed.at(0).at("deliveries").as_array();
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_EQ(deliveries[0].at("state").as_string(), "dead");
    EXPECT_TRUE(deliveries[0].at("handler").is_null());
}

store::event_story some_story(std::string body) {
    store::event_story story;
    story.summary = some_event();
    auto subject = std::make_shared<event>();
    subject->content_type = "application/json";
    subject->headers = {{"Outreach-Webhook-Event-Id", "e-1"}, {"Outreach-Odd", "\xff"}};
    subject->cleanup_token = secret{"planted-cleanup-token"};
    subject->body = std::move(body);
    story.subject = std::move(subject);
    story.attempts.push_back({"crm", 1, *parse_timestamp("2026-11-21T08:22:56Z"), 1500us,
                              store::delivery_state::retry, "crm: 503"});
    return story;
}

TEST(EventJson, StoryTellsAll) {
    auto story = some_story(R"({"data": "é"})");
    EXPECT_TRUE(json::parse(to_json(story)).at("origin").is_null()) << "it isn't known";
    auto whole = std::make_shared<event>(*story.subject);
    whole->origin = event_origin::unsigned_request;
    story.subject = std::move(whole);
    story.summary.deliveries.push_back(some_delivery(store::delivery_state::dead));
    story.summary.deliveries.back().last_answer = "no";
    const std::string text = to_json(story);
    const auto parsed = json::parse(text);
    EXPECT_EQ(parsed.at("id").as_string(), event_text);
    EXPECT_EQ(parsed.at("size").to_number<int>(), 17);
    EXPECT_EQ(parsed.at("stored_at").as_string(),
              to_rfc3339(wall_time{std::chrono::microseconds{story.summary.sequence}}));
    EXPECT_FALSE(parsed.at("damaged").as_bool());
    EXPECT_EQ(parsed.at("origin").as_string(), "unsigned");
    EXPECT_EQ(parsed.at("content_type").as_string(), "application/json");
    EXPECT_EQ(parsed.at("headers").at(0).at("name").as_string(), "Outreach-Webhook-Event-Id");
    EXPECT_EQ(parsed.at("headers").at(0).at("value").as_string(), "e-1");
    EXPECT_EQ(parsed.at("headers").at(1).at("value").as_string(), "\xef\xbf\xbd");
    EXPECT_EQ(parsed.at("body").as_string(), R"({"data": "é"})");
    EXPECT_FALSE(parsed.as_object().contains("body_base64"));
    EXPECT_EQ(parsed.at("deliveries").at(0).at("last_answer").as_string(), "no");
    const auto& attempt = parsed.at("attempts").at(0);
    EXPECT_EQ(attempt.at("handler").as_string(), "crm");
    EXPECT_EQ(attempt.at("number").to_number<int>(), 1);
    EXPECT_EQ(attempt.at("started_at").as_string(), "2026-11-21T08:22:56.000Z");
    EXPECT_EQ(attempt.at("took_seconds").to_number<double>(), 0.0015);
    EXPECT_EQ(attempt.at("outcome").as_string(), "retry");
    EXPECT_EQ(attempt.at("reason").as_string(), "crm: 503");
    EXPECT_EQ(parsed.at("attempts_left_out").to_number<int>(), 0);
    EXPECT_EQ(text.find("planted"), std::string::npos);
}

TEST(EventJson, CountsTheAttemptsThatAreLeftOut) {
    auto story = some_story("{}");
    story.attempts_left_out = {{"audit", 3}, {"crm", 4}};
    EXPECT_EQ(json::parse(to_json(story)).at("attempts_left_out").to_number<int>(), 7);
    auto dead = some_delivery(store::delivery_state::dead);
    EXPECT_EQ(json::parse(to_json(story, dead)).at("attempts_left_out").to_number<int>(), 4);
    dead.handler = "mail";
    EXPECT_EQ(json::parse(to_json(story, dead)).at("attempts_left_out").to_number<int>(), 0);
}

TEST(EventJson, BodyThatIsNotTextIsBase64) {
    const auto parsed = json::parse(to_json(some_story("\xff\xfe\xfd")));
    EXPECT_EQ(parsed.at("body_base64").as_string(), "//79");
    EXPECT_FALSE(parsed.as_object().contains("body"));
}

TEST(EventJson, DamagedRowIsToldWithoutItsBody) {
    auto story = some_story("{}");
    story.subject.reset();
    const auto parsed = json::parse(to_json(story));
    EXPECT_TRUE(parsed.at("damaged").as_bool());
    EXPECT_FALSE(parsed.as_object().contains("body") || parsed.as_object().contains("body_base64"));
}

} // namespace
} // namespace outreachd::admin
