/// `/api/backfill`.
#include "tests/unit/admin/stored_events.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

backfill_status half_done() {
    backfill_status made;
    made.since = *parse_timestamp("2026-11-21T08:00:00Z");
    made.started_at = made.since + std::chrono::hours{1};
    made.waits_for = "the hourly limit";
    made.resources = {{"task", 5, 2, 2, true, ""}, {"call", 0, 0, 0, false, "403 forbidden"}};
    made.missing = {{"task", "17", made.since}};
    return made;
}

TEST(BackfillRoutes, ShowHowFarItIs) {
    running_server server;
    EXPECT_EQ(json_of(server.get("/api/backfill")), boost::json::parse(R"({"running":false})"));
    server.set_backfill(half_done());
    const auto shown = json_of(server.get("/api/backfill"));
    EXPECT_EQ(shown, boost::json::parse(R"({
        "running": true, "since": "2026-11-21T08:00:00.000Z", "dry_run": false,
        "started_at": "2026-11-21T09:00:00.000Z", "finished_at": null, "waits_for": "the hourly limit",
        "resources": [
            {"resource": "task", "listed": 5, "missing": 2, "stored": 2, "done": true, "problem": null},
            {"resource": "call", "listed": 0, "missing": 0, "stored": 0, "done": false, "problem": "403 forbidden"}],
        "missing": [{"resource": "task", "id": "17", "updated_at": "2026-11-21T08:00:00.000Z"}]})"));
}

TEST(BackfillRoutes, BeginOne) {
    running_server server;
    const std::string answer = server.post(
        "/api/backfill?since=2026-11-21T08:00:00Z&resources=task,sequenceState&dry_run=true&force=false");
    EXPECT_EQ(status_of(answer), 200U) << answer;
    const auto asked = server.asked_backfill();
    ASSERT_TRUE(asked);
    EXPECT_EQ(to_rfc3339(asked->since), "2026-11-21T08:00:00.000Z");
    EXPECT_THAT(asked->resources, ElementsAre("task", "sequenceState"));
    EXPECT_TRUE(asked->is_dry_run);
    EXPECT_FALSE(asked->is_forced);
}

TEST(BackfillRoutes, SayWhyNoneBegins) {
    running_server server;
    server.set_backfill(half_done(), "a backfill is under way");
    const std::string answer = server.post("/api/backfill?since=2h");
    EXPECT_EQ(status_of(answer), 409U);
    EXPECT_THAT(answer, HasSubstr("a backfill is under way"));
}

TEST(BackfillRoutes, RefuseWhatTheyDoNotUnderstand) {
    running_server server;
    const std::pair<const char*, const char*> cases[] = {
        {"", "parameter 'since' is missing"},
        {"?since=yesterday", "allowed is a time such as"},
        {"?since=2099-01-01T00:00:00Z", "lies in the future"},
        {"?since=2h&resources=sequence_state", "allowed is a list of resources"},
        {"?since=2h&resources=", "allowed is a list of resources"},
        {"?since=2h&dry_run=yes", "allowed is true or false"},
        {"?since=2h&since=3h", "is given twice"},
        {"?since=2h&before=x", "unknown parameter 'before'"},
        {"?since=%zz", "percent-encoded"},
    };
    for (const auto& [query, said] : cases) {
        const std::string answer = server.post(std::string{"/api/backfill"} + query);
        EXPECT_EQ(status_of(answer), 400U) << query;
        EXPECT_THAT(answer, HasSubstr(said)) << query;
    }
    EXPECT_EQ(status_of(server.get("/api/backfill/17")), 404U);
    EXPECT_EQ(status_of(server.get("/api/backfill?since=2h")), 400U);
    EXPECT_FALSE(server.asked_backfill());
}

TEST(BackfillRoutes, TellWhichMethodsTheyTake) {
    running_server server;
    const std::string answer = server.ask("DELETE /api/backfill HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(status_of(answer), 405U);
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD, POST"));
}

} // namespace
} // namespace outreachd::admin
