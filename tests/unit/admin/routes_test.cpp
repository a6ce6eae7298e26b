/// What each path answers, over a real socket and from a real store.
#include "tests/unit/admin/running_server.hpp"
#include "tests/unit/admin/stored_events.hpp"
#include "tests/unit/metrics/exposition.hpp"

#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

TEST(Routes, LivezSaysWhetherOnlyAnotherStartHelps) {
    running_server server;
    std::string answer = server.get("/livez");
    EXPECT_EQ(status_of(answer), 200U);
    EXPECT_EQ(body_of(answer), "ok");
    server.set_failure("an I/O thread doesn't answer");
    answer = server.get("/livez");
    EXPECT_EQ(status_of(answer), 503U);
    EXPECT_EQ(body_of(answer), "an I/O thread doesn't answer");
}

TEST(Routes, ReadyzGivesReasons) {
    running_server server;
    EXPECT_EQ(status_of(server.get("/readyz")), 200U);
    server.set_reasons({"the store can't write: disk full", "no certificate"});
    const std::string answer = server.get("/readyz");
    EXPECT_EQ(status_of(answer), 503U);
    EXPECT_EQ(body_of(answer), "not ready\nthe store can't write: disk full\nno certificate\n");
}

TEST(Routes, ReadyzTellsOfTroubleThatIsNoReasonToTakeTheHostOut) {
    running_server server;
    server.set_troubles({"relay: not connected to the broker"});
    const std::string answer = server.get("/readyz");
    EXPECT_EQ(status_of(answer), 200U);
    EXPECT_EQ(body_of(answer), "ok, but\nrelay: not connected to the broker\n");
    server.set_reasons({"disk full"});
    const std::string both = server.get("/readyz");
    EXPECT_EQ(status_of(both), 503U);
    EXPECT_EQ(body_of(both), "not ready\ndisk full\nrelay: not connected to the broker\n");
    running_server guarded{on_free_port("tok-en")};
    guarded.set_troubles({"relay: not connected to the broker"});
    EXPECT_EQ(body_of(guarded.get("/readyz")), "ok, but\n");
}

TEST(Routes, ReadyzGivesReasonsOnlyWithToken) {
    running_server server{on_free_port("tok-en")};
    server.set_reasons({"disk full"});
    const std::string without = server.get("/readyz");
    EXPECT_EQ(status_of(without), 503U);
    EXPECT_EQ(body_of(without), "not ready\n");
    const std::string with = server.get("/readyz", "Authorization: Bearer tok-en\r\n");
    EXPECT_EQ(status_of(with), 503U);
    EXPECT_EQ(body_of(with), "not ready\ndisk full\n");
}

TEST(Routes, MetricsAreValidText) {
    running_server server;
    server.figures.count_request("/hook", "accepted");
    server.figures.add_gauge("pending", "Deliveries not begun.", "handler=crm", [] { return 3.0; });
    const std::string answer = server.get("/metrics");
    EXPECT_EQ(status_of(answer), 200U);
    EXPECT_NE(answer.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
              std::string::npos);
    const auto all = testing::read_exposition(std::string{body_of(answer)});
    EXPECT_TRUE(all.problems.empty()) << all.problems.front();
    EXPECT_EQ(all.value("outreachd_requests_total", {{"endpoint", "/hook"}, {"outcome", "accepted"}}), 1);
    EXPECT_EQ(all.value("outreachd_pending", {{"handler", "crm"}}), 3);
}

TEST(Routes, StatusShowsWhatRuns) {
    running_server server;
    keep_request(server, "doubtful");
    const auto status = json_of(server.get("/api/status"));
    EXPECT_EQ(status.at("version").as_string(), OUTREACHD_VERSION);
    EXPECT_TRUE(status.at("ready").as_bool());
    EXPECT_EQ(status.at("quarantined").to_number<int>(), 1);
    EXPECT_EQ(status.at("handlers").at("crm").at("pending").to_number<int>(), 0);
}

TEST(Routes, StatusShowsWhatIsDeadWithoutAHandler) {
    running_server server;
    const auto placed = place(server, "no json", "", store::delivery_state::dead, "unparsable");
    const auto status = json_of(server.get("/api/status"));
    EXPECT_EQ(status.at("handlers").at("").at("dead").to_number<int>(), 1);
    EXPECT_EQ(status_of(server.post("/api/dead/" + placed.delivery + "/discard")), 200U);
    EXPECT_FALSE(json_of(server.get("/api/status")).at("handlers").as_object().contains(""));
}

TEST(Routes, StatusShowsOutreachOnlyWhereItIsConfigured) {
    running_server server;
    const auto without = json_of(server.get("/api/status"));
    EXPECT_FALSE(without.as_object().contains("webhooks"));
    EXPECT_FALSE(without.as_object().contains("backfill"));
    server.set_webhooks({.list = {{"17", "task", "completed", true, true}}});
    const auto with = json_of(server.get("/api/status"));
    EXPECT_EQ(with.at("webhooks").at("list").at(0).at("id").as_string(), "17");
    EXPECT_TRUE(with.at("backfill").at("automatic").as_bool());
    EXPECT_FALSE(with.at("backfill").at("running").as_bool());
}

TEST(Routes, ConfigurationIsTheOneInForce) {
    running_server server;
    EXPECT_EQ(body_of(server.get("/api/configuration")), R"({"roles":["work"]})");
    running_server guarded{on_free_port("tok-en")};
    EXPECT_EQ(status_of(guarded.get("/api/configuration")), 401U);
}

TEST(Routes, EventsComeFromTheStore) {
    running_server server;
    EXPECT_TRUE(json_of(server.get("/api/events")).as_array().empty());
    const auto first = store::append(server.events, store::task_body(1));
    const auto second = store::append(server.events, store::task_body(2));
    ASSERT_FALSE(first.ec || second.ec);
    const auto all = json_of(server.get("/api/events"));
    ASSERT_EQ(all.as_array().size(), 2U);
    EXPECT_EQ(all.at(0).at("id").as_string(), outreachd::to_string(second.result.id)); // Newest first.
    EXPECT_EQ(all.at(0).at("name").as_string(), "task.completed");
    EXPECT_EQ(all.at(0).at("resource_id").as_string(), "2");
    EXPECT_EQ(all.at(0).at("endpoint").as_string(), "/hook");
    EXPECT_EQ(all.at(0).at("state").as_string(), "pending");

    const auto limited = json_of(server.get("/api/events?limit=1"));
    EXPECT_EQ(limited.as_array().size(), 1U);
    const auto before = json_of(server.get("/api/events?before=" + outreachd::to_string(second.result.id)));
    ASSERT_EQ(before.as_array().size(), 1U);
    EXPECT_EQ(before.at(0).at("id").as_string(), outreachd::to_string(first.result.id));
    EXPECT_EQ(json_of(server.get("/api/events?resource=task%3A1")).as_array().size(), 1U);
    EXPECT_EQ(json_of(server.get("/api/events?name=task.created")).as_array().size(), 0U);
    EXPECT_EQ(json_of(server.get("/api/events?since=2h")).as_array().size(), 2U);
}

TEST(Routes, OneEventIsItsWholeStory) {
    running_server server;
    const auto appended = store::append(server.events, store::task_body(7));
    ASSERT_FALSE(appended.ec);
    const auto story = json_of(server.get("/api/events/" + outreachd::to_string(appended.result.id)));
    EXPECT_EQ(story.at("body").as_string(), store::task_body(7));
    EXPECT_EQ(story.at("size").to_number<std::size_t>(), store::task_body(7).size());
    EXPECT_EQ(story.at("headers").at(0).at("name").as_string(), "Outreach-Org-Id");
    EXPECT_FALSE(story.at("damaged").as_bool());
    EXPECT_TRUE(story.at("attempts").as_array().empty());
}

TEST(Routes, WrongRequestsAreToldWhatIsWrong) {
    running_server server;

    struct {
        const char* target;
        unsigned status;
        const char* told;
    } const cases[] = {
        {"/api/events?limit=0", 400, "limit"},
        {"/api/events?colour=red", 400, "colour"},
        {"/api/events/not-an-id", 400, "not-an-id"},
        {"/api/events/", 404, "nothing at"},
        {"/api/events/0193e0a1-7c00-7abc-8def-0123456789ab", 404, "no such event"},
        {"/api/events/0193e0a1-7c00-7abc-8def-0123456789ab/x", 404, "nothing at"},
        {"/nothing", 404, "/nothing"},
        {"/api", 404, "/api"},
        {"/api/status/", 404, "/api/status/"},
        {"/livez/", 404, "/livez/"},
        {"*", 404, "*"},
    };

    for (const auto& each : cases) {
        const std::string answer = server.get(each.target);
        EXPECT_EQ(status_of(answer), each.status) << each.target;
        const auto error = json_of(answer);
        EXPECT_NE(std::string{error.at("error").as_string().c_str()}.find(each.told), std::string::npos)
            << answer;
    }
}

TEST(Routes, OtherMethodsAreRefused) {
    running_server server;
    for (const char* const method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"}) {
        const std::string answer =
            server.ask(std::string{method} + " /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_EQ(status_of(answer), 405U) << method;
        EXPECT_NE(answer.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos) << method;
        json_of(answer);
    }
}

TEST(Routes, HeadIsGetWithoutBody) {
    running_server server;
    const std::string answer = server.ask("HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", false);
    EXPECT_EQ(status_of(answer), 200U);
    EXPECT_NE(answer.find("\r\nContent-Length: 2\r\n"), std::string::npos);
    EXPECT_EQ(body_of(answer), "");
}

TEST(Routes, EveryAnswerHasItsHeaders) {
    running_server server{on_free_port("tok-en")};
    for (const char* const target : {"/livez", "/readyz", "/metrics", "/api/status", "/nothing"}) {
        const std::string answer = server.get(target);
        for (const char* const header :
             {"\r\nContent-Type: ", "\r\nContent-Length: ", "\r\nCache-Control: no-store\r\n",
              "\r\nX-Content-Type-Options: nosniff\r\n"})
            EXPECT_NE(answer.find(header), std::string::npos) << target << header;
    }
}

TEST(Routes, TokenAndHostAreAskedFor) {
    running_server server{on_free_port("tok-en")};
    EXPECT_EQ(status_of(server.get("/livez")), 200U);
    for (const char* const target : {"/metrics", "/api/status", "/api/events"}) {
        EXPECT_EQ(status_of(server.get(target)), 401U) << target;
        EXPECT_EQ(status_of(server.get(target, "Authorization: Bearer other\r\n")), 401U) << target;
        EXPECT_EQ(status_of(server.get(target, "Authorization: Bearer tok-en\r\n")), 200U) << target;
    }
    const std::string rebound = server.ask("GET /api/status HTTP/1.1\r\nHost: evil.example.com\r\n"
                                           "Authorization: Bearer tok-en\r\n\r\n");
    EXPECT_EQ(status_of(rebound), 403U);
}

} // namespace
} // namespace outreachd::admin
