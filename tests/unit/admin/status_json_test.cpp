/// The status as JSON.
#include "daemon/admin/status_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

const wall_time now = *parse_timestamp("2026-11-21T08:22:55Z");

status some_status() {
    status made;
    made.started_at = now - 90s;
    made.roles = {"receive", "work"};
    made.running = [](std::string_view) { return 0; };
    return made;
}

std::vector<std::string> names_of(const json::value& value) {
    std::vector<std::string> names;
    for (const auto& each : value.as_object())
        names.emplace_back(each.key());
    return names;
}

TEST(StatusJson, HasThePromisedNames) {
    auto what = some_status();
    what.handler_names = {"crm"};
    what.quarantined = 2;
    what.unrouted = 5;
    const auto parsed = json::parse(to_json(what, now));
    EXPECT_EQ(names_of(parsed),
              (std::vector<std::string>{"version", "uptime_seconds", "roles", "ready", "reasons", "outbox",
                                        "quarantined", "unrouted", "handlers"}));
    EXPECT_EQ(parsed.at("version").as_string(), OUTREACHD_VERSION);
    EXPECT_EQ(parsed.at("uptime_seconds").to_number<double>(), 90);
    EXPECT_EQ(parsed.at("roles").as_array(), (json::array{"receive", "work"}));
    EXPECT_TRUE(parsed.at("ready").as_bool());
    EXPECT_EQ(parsed.at("quarantined").to_number<int>(), 2);
    EXPECT_EQ(parsed.at("unrouted").to_number<int>(), 5);
    EXPECT_EQ(names_of(parsed.at("handlers").at("crm")),
              (std::vector<std::string>{"pending", "running", "retry", "dead", "oldest_pending_seconds",
                                        "last_error"}));
}

TEST(StatusJson, TellsOfTheLinksToABroker) {
    auto what = some_status();
    what.troubles = {"relay: trouble"};
    what.broker.emplace();
    what.broker->relay = {true, "amqp://host:5672/%2F", 3, 17, 1};
    what.broker->intake = {false, "", {2, 5}, 4, 1};
    const auto parsed = json::parse(to_json(what, now));
    EXPECT_TRUE(parsed.at("ready").as_bool());
    EXPECT_EQ(parsed.at("reasons").as_array(), (json::array{"relay: trouble"}));
    const auto& relay = parsed.at("broker").at("relay");
    EXPECT_TRUE(relay.at("connected").as_bool());
    EXPECT_EQ(relay.at("node").as_string(), "amqp://host:5672/%2F");
    EXPECT_EQ(relay.at("in_flight").to_number<int>(), 3);
    EXPECT_EQ(relay.at("published").to_number<int>(), 17);
    EXPECT_EQ(relay.at("refused").to_number<int>(), 1);
    const auto& intake = parsed.at("broker").at("intake");
    EXPECT_FALSE(intake.at("connected").as_bool());
    EXPECT_TRUE(intake.at("node").is_null());
    EXPECT_EQ(intake.at("work_queues").as_array(), (json::array{2U, 5U}));
    EXPECT_EQ(intake.at("taken").to_number<int>(), 4);
    EXPECT_EQ(intake.at("repeats").to_number<int>(), 1);
}

TEST(StatusJson, TellsOfTheWebhooksAtOutreach) {
    auto what = some_status();
    what.webhooks = {
        .looked_at = now - 23s,
        .problem = "503 Service Unavailable",
        .list = {{"17", "task", "completed", true, true, "it <b>didn't</b> \xff answer", now - 1h},
                 {"", "mailing", "*", true, false},
                 {"18", "account", "created", false, false}},
        .left_out = 4};
    const auto parsed = json::parse(to_json(what, now));
    EXPECT_EQ(parsed.at("webhooks"), json::parse(R"({
        "looked_at": "2026-11-21T08:22:32.000Z", "problem": "503 Service Unavailable",
        "list": [
            {"id": "17", "resource": "task", "action": "completed", "configured": true, "active": true,
             "disabled_reason": "it <b>didn't</b> \ufffd answer", "disabled_since": "2026-11-21T07:22:55.000Z"},
            {"id": null, "resource": "mailing", "action": "*", "configured": true, "active": false,
             "disabled_reason": null, "disabled_since": null},
            {"id": "18", "resource": "account", "action": "created", "configured": false, "active": false,
             "disabled_reason": null, "disabled_since": null}],
        "left_out": 4})"));
}

TEST(StatusJson, WebhooksThatNobodyHasLookedAtYetAreAnEmptyList) {
    auto what = some_status();
    what.webhooks.emplace();
    EXPECT_EQ(json::parse(to_json(what, now)).at("webhooks"),
              json::parse(R"({"looked_at": null, "problem": null, "list": [], "left_out": 0})"));
}

TEST(StatusJson, TellsOfTheBackfillWithoutWhatIsMissingOneByOne) {
    auto what = some_status();
    what.backfill.emplace();
    EXPECT_EQ(json::parse(to_json(what, now)).at("backfill"),
              json::parse(R"({"automatic": false, "gap_since": null, "running": false})"));
    what.backfill = {.is_automatic = true,
                     .gap_since = now - 2h,
                     .last = {{.since = now - 3h,
                               .started_at = now - 1min,
                               .waits_for = "the hourly limit",
                               .resources = {{"task", 5, 2, 1, false, ""}},
                               .missing = {{"task", "17", now}}}}};
    EXPECT_EQ(json::parse(to_json(what, now)).at("backfill"), json::parse(R"({
        "automatic": true, "gap_since": "2026-11-21T06:22:55.000Z", "running": true,
        "since": "2026-11-21T05:22:55.000Z", "dry_run": false, "started_at": "2026-11-21T08:21:55.000Z",
        "finished_at": null, "waits_for": "the hourly limit",
        "resources": [
            {"resource": "task", "listed": 5, "missing": 2, "stored": 1, "done": false, "problem": null}]})"));
}

TEST(StatusJson, HandlerWithoutDeliveriesIsIdle) {
    auto what = some_status();
    what.handler_names = {"crm"};
    const auto parsed = json::parse(to_json(what, now));
    const auto& crm = parsed.at("handlers").at("crm");
    EXPECT_EQ(crm.at("pending").to_number<int>(), 0);
    EXPECT_TRUE(crm.at("oldest_pending_seconds").is_null());
    EXPECT_TRUE(crm.at("last_error").is_null());
}

TEST(StatusJson, HandlerThatIsGoneIsShownWhileSomethingIsLeftOfIt) {
    auto what = some_status();
    what.handler_names = {"crm"};
    const auto depth_of = [](const char* handler, std::uint64_t pending, std::uint64_t retry,
                             std::uint64_t dead) {
        store::handler_depth depth;
        depth.handler = handler;
        depth.pending = pending;
        depth.retry = retry;
        depth.dead = dead;
        return depth;
    };
    what.depths = {depth_of("crm", 0, 0, 0), depth_of("left", 0, 0, 0), depth_of("waiting", 1, 0, 0),
                   depth_of("again", 0, 1, 0), depth_of("dead", 0, 0, 1)};
    const auto parsed = json::parse(to_json(what, now));
    EXPECT_EQ(names_of(parsed.at("handlers")), (std::vector<std::string>{"again", "crm", "dead", "waiting"}));
}

TEST(StatusJson, RunningOnesAreNotCountedTwice) {
    struct {
        std::uint64_t pending, retry, running;
        int shown_pending, shown_retry;
    } const cases[] = {
        {10, 5, 0, 10, 5},
        {10, 5, 4, 6, 5},
        {3, 5, 4, 0, 4},
        {0, 0, 4, 0, 0}, // Settled already, but for the word of the dispatcher.
    };

    for (const auto& each : cases) {
        auto what = some_status();
        store::handler_depth depth;
        depth.handler = "crm";
        depth.pending = each.pending;
        depth.retry = each.retry;
        what.depths = {depth};
        what.running = [&](std::string_view handler) { return handler == "crm" ? each.running : 0; };
        const auto parsed = json::parse(to_json(what, now));
        const auto& crm = parsed.at("handlers").at("crm");
        EXPECT_EQ(crm.at("pending").to_number<int>(), each.shown_pending);
        EXPECT_EQ(crm.at("retry").to_number<int>(), each.shown_retry);
        EXPECT_EQ(crm.at("running").to_number<std::uint64_t>(), each.running);
    }
}

TEST(StatusJson, ShowsDepthAgeAndError) {
    auto what = some_status();
    store::handler_depth depth;
    depth.handler = "gone"; // No longer configured, with deliveries left.
    depth.dead = 3;
    depth.oldest_pending = now - 1500ms;
    depth.last_error = "connection refused";
    what.depths = {depth};
    const auto parsed = json::parse(to_json(what, now));
    const auto& gone = parsed.at("handlers").at("gone");
    EXPECT_EQ(gone.at("dead").to_number<int>(), 3);
    EXPECT_EQ(gone.at("oldest_pending_seconds").to_number<double>(), 1.5);
    EXPECT_EQ(gone.at("last_error").as_string(), "connection refused");
}

TEST(StatusJson, ClockSetBackGivesNoNegativeAge) {
    auto what = some_status();
    what.started_at = now + 1h;
    EXPECT_EQ(json::parse(to_json(what, now)).at("uptime_seconds").to_number<double>(), 0);
}

TEST(StatusJson, ReasonsMakeItUnready) {
    auto what = some_status();
    what.unready_reasons = {"the store can't write: disk full"};
    const auto parsed = json::parse(to_json(what, now));
    EXPECT_FALSE(parsed.at("ready").as_bool());
    EXPECT_EQ(parsed.at("reasons").at(0).as_string(), "the store can't write: disk full");
}

} // namespace
} // namespace outreachd::admin
