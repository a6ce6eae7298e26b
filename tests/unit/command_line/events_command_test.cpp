/// `events` and `status` against an admin server that plays the daemon.
#include "daemon/admin/event_query.hpp"
#include "tests/unit/command_line/admin_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include <unistd.h>

namespace outreachd::command_line {
namespace {

using namespace test_servers;
using testing::HasSubstr;

constexpr const char* event_id_text = "01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f";

std::string listed_event(const std::string& id, const std::string& name) {
    return R"({"id":")" + id + R"(","name":")" + name +
           R"(","resource":"task","action":"completed","resource_id":"330021",)"
           R"("received_at":"2026-11-21T08:22:55.123Z","delivered_at":null,"endpoint":"/webhooks/outreach",)"
           R"("source":"outreach","state":"done","deliveries":[]})";
}

TEST(EventsList, ShowsColumns) {
    const admin_server its{"[" + listed_event(event_id_text, "task.completed") + "]"};
    const command_result result = its.ask({"events", "list"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out,
                testing::MatchesRegex(
                    "ID +RECEIVED +NAME +RESOURCE +STATE\n01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f  [^\n]+"
                    "  task.completed  task:330021  done\n"));
    EXPECT_EQ(its.target(), "/api/events");
    EXPECT_EQ(its.server.requests()[0].headers.at("authorization"), "Bearer the-token");
}

TEST(EventsList, PassesEveryFilterOn) {
    const admin_server its{"[]"};
    const command_result result =
        its.ask({"events", "list", "--limit", "7", "--before", event_id_text, "--since", "2h", "--state",
                 "dead", "--handler", "a&b", "--name", "task.completed", "--resource", "task:1 2"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "no such events\n");
    EXPECT_EQ(its.target(),
              "/api/events?limit=7&before=" + std::string{event_id_text} +
                  "&since=2h&state=dead&handler=a%26b&name=task.completed&resource=task%3A1%202");
}

TEST(EventsList, SaysHowToGetTheNextPage) {
    const admin_server its{"[" + listed_event(event_id_text, "task.completed") + "]"};
    EXPECT_THAT(its.ask({"events", "list", "--limit", "1"}).out,
                testing::EndsWith("older ones: --before " + std::string{event_id_text} + "\n"));
    EXPECT_THAT(its.ask({"events", "list", "--limit", "2"}).out, testing::Not(HasSubstr("older ones")));
}

TEST(EventsList, SaysWhereTheSearchWasEnded) {
    const std::string last = std::string{event_id_text};
    const std::string said = "the search was ended, as it took too long: what came before "
                             "2026-11-20T10:00:00.000Z was not looked at; older ones: --before " +
                             last + "\n";
    const auto nothing = admin_server::ended_at(last, "2026-11-20T10:00:00.000Z", "[]");
    EXPECT_EQ(nothing.ask({"events", "list", "--name", "task.completed"}).out,
              "nothing found so far\n" + said);
    const command_result as_json = nothing.ask({"events", "list", "--json"});
    EXPECT_EQ(as_json.exit_code, 0);
    EXPECT_EQ(as_json.out, "[]\n");
    EXPECT_EQ(as_json.err, said);
    const auto some = admin_server::ended_at(last, "2026-11-20T10:00:00.000Z",
                                             "[" + listed_event(event_id_text, "task.completed") + "]");
    EXPECT_THAT(some.ask({"events", "list"}).out, testing::EndsWith("  done\n" + said));
}

TEST(EventsList, EscapesWhatCameFromOutside) {
    const admin_server its{"[" + listed_event(event_id_text, "task.\\u001b[2J\\nx") + "]"};
    const command_result result = its.ask({"events", "list"});
    EXPECT_THAT(result.out, HasSubstr("task.\\x1b[2J\\nx"));
    EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
}

TEST(EventsList, HandsJsonOn) {
    const std::string body = "[" + listed_event(event_id_text, "task.completed") + "]";
    const admin_server its{body};
    EXPECT_EQ(its.ask({"events", "list", "--json"}).out, body + "\n");
}

TEST(EventsList, RefusesWhatTheDaemonWouldRefuse) {
    const admin_server its{"[]"};

    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{{{"--limit", "0"}, "from 1 to 1000"},
              {{"--limit", "1001"}, "from 1 to 1000"},
              {{"--limit", "many"}, "from 1 to 1000"},
              {{"--before", "330021"}, "an event's id"},
              {{"--since", "yesterday"}, "how long ago"},
              {{"--state", "lost"}, "pending, published, done, dead, unrouted"}};

    for (const auto& each : cases) {
        std::vector<std::string> arguments{"events", "list"};
        arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
        const command_result result = its.ask(arguments);
        EXPECT_EQ(result.exit_code, 64) << each.arguments[1];
        EXPECT_THAT(result.err, HasSubstr(each.said)) << each.arguments[1];
    }
    EXPECT_TRUE(its.server.requests().empty());
}

TEST(Status, ShowsTheWholeAndEachHandler) {
    const admin_server its{
        R"({"version":"0.1.0","uptime_seconds":11520.5,"roles":["receive","work"],"ready":false,
        "reasons":["the store can't write: disk full"],"outbox":0,"quarantined":3,"unrouted":12,"handlers":{
        "":{"pending":0,"running":0,"retry":0,"dead":0,"oldest_pending_seconds":null,"last_error":null},
        "audit":{"pending":0,"running":0,"retry":0,"dead":0,"oldest_pending_seconds":null,"last_error":null},
        "crm":{"pending":1204,"running":4,"retry":17,"dead":2,"oldest_pending_seconds":3720.5,
               "last_error":"can't write to /var/log/crm.jsonl: No space left on device"}}})"};
    const command_result result = its.ask({"status"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/status");
    EXPECT_EQ(result.out, R"(outreachd 0.1.0, up 3 h 12 min, NOT READY
  because      the store can't write: disk full
  roles        receive, work
  outbox       0
  quarantined  3
  unrouted     12

HANDLER  PENDING  RUNNING  RETRY  DEAD     OLDEST
audit          0        0      0     0          -
crm         1204        4     17     2  1 h 2 min

last error of crm:
  can't write to /var/log/crm.jsonl: No space left on device
)");
}

TEST(Status, ShowsTheWebhooksAtOutreachAndTheBackfill) {
    const struct {
        const char* label;
        const char* told;
        const char* shown;
    } cases[]{
        {"not looked at", R"("webhooks":{"looked_at":null,"problem":null,"list":[],"left_out":0})",
         "  webhooks     not looked at yet\n$"},
        {"one of each kind",
         R"("webhooks":{"looked_at":"2026-11-21T08:22:55.000Z","problem":null,"left_out":0,"list":[
            {"id":"1","active":true,"disabled_reason":null},{"id":null,"active":false,"disabled_reason":null},
            {"id":"3","active":false,"disabled_reason":null},{"id":"4","active":true,"disabled_reason":"dns"}]})",
         "  webhooks     1 of 4 send, looked at [0-9a-z ]+\n$"},
        {"trouble",
         R"("webhooks":{"looked_at":"2026-11-21T08:22:55.000Z","problem":"503\u001b[2J","left_out":3,"list":[]})",
         "  webhooks     0 of 0 send, looked at .*; 3 others not listed; nothing newer is known: "
         "503.x1b.2J\n$"},
        {"none has run", R"("backfill":{"automatic":true,"gap_since":null,"running":false})",
         "  backfill     idle, and none has run\n$"},
        {"a gap", R"("backfill":{"automatic":true,"gap_since":"2026-11-21T08:22:55.000Z","running":false})",
         "  gap          since 2026-11-21T08:22:55.000Z, fetched by itself\n$"},
        {"a gap that nobody fetches",
         R"("backfill":{"automatic":false,"gap_since":"2026-11-21T08:22:55.000Z","running":false})",
         "  gap          since 2026-.*; `outreachd backfill --since 2026-11-21T08:22:55.000Z` fetches it\n$"},
        {"running",
         R"("backfill":{"running":true,"dry_run":false,"started_at":"2026-11-21T08:22:55.000Z","finished_at":null,
            "waits_for":"the hourly limit","resources":[{"listed":1,"missing":2,"stored":1,"done":false}]})",
         "  backfill     run begun .* ago: 1 record changed, 2 events missing, 1 event stored, "
         "1 resource not compared; waiting: the hourly limit\n$"},
        {"ended",
         R"("backfill":{"running":false,"dry_run":true,"started_at":"2026-11-21T08:22:55.000Z",
            "finished_at":"2026-11-21T08:23:55.000Z","waits_for":null,"resources":[
            {"listed":10,"missing":2,"stored":0,"done":true},{"listed":1,"missing":0,"stored":0,"done":true}]})",
         "  backfill     idle; the last dry run ended .* ago: 11 records changed, 2 events missing\n$"},
    };

    for (const auto& each : cases) {
        const admin_server its{std::string{R"({"version":"0.1.0","unrouted":0,)"} + each.told + "}"};
        EXPECT_THAT(its.ask({"status"}).out, testing::ContainsRegex(each.shown)) << each.label;
    }
    const admin_server without{R"({"version":"0.1.0","unrouted":0})"};
    EXPECT_THAT(without.ask({"status"}).out, testing::EndsWith("  unrouted     0\n"));
}

TEST(Status, ShowsDeadEventsThatNoHandlerGot) {
    const admin_server its{R"({"version":"0.1.0","handlers":{"":{"pending":0,"dead":3}}})"};
    EXPECT_THAT(its.ask({"status"}).out, testing::ContainsRegex("\n\\(no handler\\) .* 3 +-\n"));
}

TEST(Status, SaysThatNoDaemonRuns) {
    const scratch_directory scratch;
    const std::string config =
        scratch.file("outreachd.yaml", "admin: {port: " + std::to_string(unused_port()) + "}\n");
    const std::string delivery = "5e0c3a52-61c7-5d0f-9a34-88b1f2d7c410";
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"status"},
                                                      {"events", "list"},
                                                      {"events", "show", event_id_text},
                                                      {"events", "replay", event_id_text},
                                                      {"events", "replay", "--since", "1h"},
                                                      {"dead", "list"},
                                                      {"dead", "show", delivery},
                                                      {"dead", "replay", delivery},
                                                      {"dead", "discard", "--all"},
                                                      {"quarantine", "list"},
                                                      {"quarantine", "show", "1"},
                                                      {"quarantine", "recheck"},
                                                      {"quarantine", "discard", "1"}}) {
        std::vector<std::string> all = arguments;
        all.insert(all.end(), {"-c", config});
        const command_result result = run_command(all);
        EXPECT_EQ(result.exit_code, 69) << testing::PrintToString(arguments);
        EXPECT_THAT(result.err, HasSubstr("outreachd isn't running at 127.0.0.1:"));
        EXPECT_EQ(result.out, "");
    }
}

TEST(Status, ExplainsARefusedToken) {
    const admin_server its{R"({"error":"a token is needed"})", 401};
    const command_result result = its.ask({"status"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err,
                HasSubstr("answered 401: a token is needed; the running daemon has another admin.token"));
    EXPECT_THAT(result.err, testing::Not(HasSubstr("the-token")));
}

TEST(Status, IsNotFooledByAnotherProgram) {
    for (const char* const body : {"<html>", "{}", R"({"status":"ok"})", "[]", "null", ""}) {
        const admin_server its{body};
        for (const std::vector<std::string>& arguments :
             {std::vector<std::string>{"status"}, {"status", "--json"}}) {
            const command_result result = its.ask(arguments);
            EXPECT_EQ(result.exit_code, 1) << body;
            EXPECT_THAT(result.err, HasSubstr("is no outreachd")) << body;
            EXPECT_EQ(result.out, "") << body;
        }
    }
}

TEST(EventsList, IsNotFooledByAnotherProgram) {
    for (const char* const body : {"<html>", "{}", R"({"error":null})", "3"}) {
        const admin_server its{body};
        for (const char* const of : {"events", "dead", "quarantine"})
            for (const bool is_json : {false, true}) {
                std::vector<std::string> arguments{of, "list"};
                if (is_json)
                    arguments.emplace_back("--json");
                const command_result result = its.ask(arguments);
                EXPECT_EQ(result.exit_code, 1) << of << body;
                EXPECT_THAT(result.err, HasSubstr("is no outreachd")) << of << body;
                EXPECT_EQ(result.out, "") << of << body;
            }
    }
}

constexpr const char* two_pieces[]{R"({"events":256,"deliveries":300,"cursor":"17.99"})",
                                   R"({"events":44,"deliveries":1,"cursor":"18.99"})",
                                   R"({"events":0,"deliveries":0,"cursor":null})"};

TEST(EventsReplay, OfOneAsksForThatAlone) {
    const admin_server its{R"({"events":1,"deliveries":2,"cursor":null})"};
    const command_result result = its.ask({"events", "replay", event_id_text, "--handler", "a&b"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "replayed 1 event: 2 new deliveries\n");
    EXPECT_EQ(its.lines(), std::vector<std::string>{"POST /api/events/" + std::string{event_id_text} +
                                                    "/replay?handler=a%26b HTTP/1.1"});
    const recorded_request asked = its.server.requests()[0];
    EXPECT_EQ(asked.headers.at("content-type"), "application/json");
    EXPECT_EQ(asked.headers.at("authorization"), "Bearer the-token");
    EXPECT_EQ(asked.body, "{}");
}

TEST(EventsReplay, OfManyGoesOnToTheLastPiece) {
    const admin_server its{std::vector<std::string>{std::begin(two_pieces), std::end(two_pieces)}};
    const command_result result = its.ask({"events", "replay", "--since", "2026-11-21T08:22:55Z", "--name",
                                           "task.completed", "--resource", "task:1"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "replayed 300 events: 301 new deliveries\n");
    const std::string target = "POST /api/events/replay?since=2026-11-21T08%3A22%3A55Z&name=task.completed"
                               "&resource=task%3A1";
    EXPECT_EQ(its.lines(), (std::vector<std::string>{target + " HTTP/1.1", target + "&cursor=17.99 HTTP/1.1",
                                                     target + "&cursor=18.99 HTTP/1.1"}));
}

/// Else what comes in between, or takes long, would move the bound from piece to piece.
TEST(EventsReplay, AsksInEveryPieceSinceTheSameTime) {
    const wall_time before = wall_now() - std::chrono::hours{2} - std::chrono::milliseconds{1};
    const admin_server replay{std::vector<std::string>{std::begin(two_pieces), std::end(two_pieces)}};
    const admin_server discard{
        std::vector<std::string>{R"({"discarded":1,"cursor":"1.crm"})", R"({"discarded":1,"cursor":null})"}};
    EXPECT_EQ(replay.ask({"events", "replay", "--since", "2h"}).exit_code, 0);
    EXPECT_EQ(discard.ask({"dead", "discard", "--since", "2h"}).exit_code, 0);
    for (const admin_server* const its : {&replay, &discard}) {
        const std::vector<std::string> lines = its->lines();
        ASSERT_GT(lines.size(), 1U);
        const std::size_t start = lines[0].find("since=") + 6;
        const std::string text =
            admin::percent_decode(lines[0].substr(start, lines[0].find(' ', start) - start)).value();
        const auto since = parse_timestamp(text);
        ASSERT_TRUE(since) << text;
        EXPECT_GE(*since, before);
        EXPECT_LE(*since, wall_now() - std::chrono::hours{2});
        for (const std::string& each : lines)
            EXPECT_THAT(each, HasSubstr(lines[0].substr(0, lines[0].find(" HTTP"))))
                << "the cursor stands behind it";
    }
}

/// Begun anew it would deliver once more what it has replayed.
TEST(EventsReplay, SaysHowToGoOnWhereItIsCutOff) {
    const admin_server failing{std::vector<std::pair<int, std::string>>{
        {200, two_pieces[0]}, {503, R"({"error":"the store has not written this"})"}}};
    const command_result cut = failing.ask({"events", "replay", "--since", "2h"});
    EXPECT_EQ(cut.exit_code, 1);
    EXPECT_EQ(cut.out, "replayed 256 events: 300 new deliveries\n");
    EXPECT_THAT(cut.err, testing::EndsWith("with --cursor 17.99 goes on behind what is\n"));

    const admin_server interrupting{[] {
        ::kill(::getpid(), SIGINT);
        return http_ok(two_pieces[0]);
    }};
    const command_result interrupted = interrupting.ask({"events", "replay", "--since", "2h"});
    EXPECT_EQ(interrupted.exit_code, 130);
    EXPECT_EQ(interrupted.out, "replayed 256 events: 300 new deliveries\n");
    EXPECT_EQ(interrupted.err,
              "outreachd: interrupted\noutreachd: it isn't done; the same with --cursor 17.99 goes on "
              "behind what is\n");
    EXPECT_EQ(interrupting.lines().size(), 1U);

    const admin_server rest{std::vector<std::string>{two_pieces[1], two_pieces[2]}};
    const command_result done = rest.ask({"events", "replay", "--since", "2h", "--cursor", "17.99"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, "replayed 44 events: 1 new delivery\n");
    EXPECT_EQ(done.err, "");
    EXPECT_THAT(rest.lines().at(0), testing::EndsWith("&cursor=17.99 HTTP/1.1"));
}

TEST(EventsReplay, RefusesWhatIsNotClear) {
    const admin_server its{"{}"};

    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{{{}, "which events? Give an ID, or --since"},
              {{"--handler", "crm"}, "which events? Give an ID, or --since"},
              {{"330021"}, "'330021' is no event's id"},
              {{event_id_text, "--since", "2h"}, "an ID is one event"},
              {{event_id_text, "--name", "task.created"}, "an ID is one event"},
              {{event_id_text, "--cursor", "17.99"}, "an ID is one event"},
              {{"--since", "yesterday"}, "how long ago"},
              {{"--since", "2h", "--limit", "3"}, "unknown option '--limit'"}};

    for (const auto& each : cases) {
        std::vector<std::string> arguments{"events", "replay"};
        arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
        const command_result result = its.ask(arguments);
        EXPECT_EQ(result.exit_code, 64) << each.said;
        EXPECT_THAT(result.err, HasSubstr(each.said));
    }
    EXPECT_TRUE(its.server.requests().empty());
}

TEST(EventsReplay, SaysWhatTheDaemonSays) {
    const admin_server its{R"({"error":"no route takes the event, so there is nobody to replay it to"})",
                           409};
    const command_result result = its.ask({"events", "replay", event_id_text});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "no route takes the event, so there is nobody to replay it to\n");
    EXPECT_EQ(result.out, "");
}

} // namespace
} // namespace outreachd::command_line
