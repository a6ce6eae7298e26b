/// `dead` against an admin server that plays the daemon.
#include "tests/unit/command_line/admin_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;
using strings = std::vector<std::string>;

const std::string dead_id = "5e0c3a52-61c7-5d0f-9a34-88b1f2d7c410";

std::string dead(const std::string& handler, const std::string& reason) {
    return R"({"id":")" + dead_id + R"(","event_id":"01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f","handler":)" +
           handler +
           R"(,"name":"task.completed","resource":"task","resource_id":"330021","state":"dead","attempts":12,)"
           R"("next_attempt_at":null,"reason":")" +
           reason + R"(","died_at":"2026-11-21T08:22:57.400Z"})";
}

strings with_more(strings first, const strings& more) {
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

TEST(DeadList, ShowsColumns) {
    const admin_server its{"[" + dead("\"crm\"", "the file system is full") + "," +
                           dead("null", "unparsable") + "]"};
    const command_result result = its.ask({"dead", "list"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/dead");
    EXPECT_THAT(result.out,
                testing::MatchesRegex(
                    "DELIVERY +DIED +HANDLER +NAME +RESOURCE +ATTEMPTS  REASON\n" + dead_id +
                    "  [^\n]+  crm +task.completed  task:330021 +12  the file system is full\n" + dead_id +
                    "  [^\n]+  \\(no handler\\)  task.completed  task:330021 +12  unparsable\n"));
}

TEST(DeadList, PassesEveryFilterOnAndSaysHowToGetTheNextPage) {
    const admin_server its{"[" + dead("\"crm\"", "x") + "]"};
    const command_result result =
        its.ask({"dead", "list", "--limit", "1", "--before", dead_id, "--since", "2h", "--handler", "a&b",
                 "--name", "task.completed", "--resource", "task:1"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/dead?limit=1&before=" + dead_id +
                                "&since=2h&handler=a%26b&name=task.completed&resource=task%3A1");
    EXPECT_THAT(result.out, testing::EndsWith("older ones: --before " + dead_id + "\n"));
}

TEST(DeadList, SaysWhereTheSearchWasEnded) {
    const auto its = admin_server::ended_at(dead_id, "2026-11-20T10:00:00.000Z", "[]");
    EXPECT_THAT(its.ask({"dead", "list"}).out,
                testing::MatchesRegex("nothing found so far\n[^\n]+2026-11-20T10:00:00.000Z[^\n]+--before " +
                                      dead_id + "\n"));
}

TEST(DeadList, SaysThatNothingIsDeadAndHandsJsonOn) {
    const admin_server its{"[]"};
    EXPECT_EQ(its.ask({"dead", "list"}).out, "nothing is dead\n");
    EXPECT_EQ(its.ask({"dead", "list", "--json"}).out, "[]\n");
}

TEST(DeadList, RefusesWhatTheDaemonWouldRefuse) {
    const admin_server its{"[]"};

    const struct {
        strings arguments;
        const char* said;
    } cases[]{{{"--limit", "0"}, "from 1 to 1000"},
              {{"--before", "17"}, "a delivery's id"},
              {{"--since", "yesterday"}, "how long ago"},
              {{"--state", "dead"}, "unknown option '--state'"}};

    for (const auto& each : cases) {
        const command_result result = its.ask(with_more({"dead", "list"}, each.arguments));
        EXPECT_EQ(result.exit_code, 64) << each.said;
        EXPECT_THAT(result.err, HasSubstr(each.said));
    }
    EXPECT_TRUE(its.server.requests().empty());
}

TEST(DeadShow, TellsWhyAndHowOften) {
    const std::string body =
        dead("\"crm\"", "the file\\u001b[2J system is full")
            .substr(0, dead("\"crm\"", "the file\\u001b[2J system is full").size() - 1) +
        R"(,"finished_at":"2026-11-21T08:22:57.400Z","last_answer":"stdout:\nno\u001b[2J room\n","attempts_made":[
        {"handler":"crm","number":1,"started_at":"2026-11-21T08:22:55.129Z","took_seconds":0.0124,"outcome":"retry",
         "reason":"the file system is full"},
        {"handler":"crm","number":2,"started_at":"2026-11-21T08:22:56.150Z","took_seconds":1.25,"outcome":"dead",
         "reason":null}],
        "event":{"id":"01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f","received_at":"2026-11-21T08:22:55.123Z"}})";
    const admin_server its{body};
    const command_result result = its.ask({"dead", "show", dead_id});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/dead/" + dead_id);
    EXPECT_EQ(result.out, R"(crm  dead
  delivery   5e0c3a52-61c7-5d0f-9a34-88b1f2d7c410
  event      01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f
  name       task.completed
  resource   task:330021
  received   2026-11-21T08:22:55.123Z
  died       2026-11-21T08:22:57.400Z
  attempts   12
  reason     the file\x1b[2J system is full

  2026-11-21T08:22:55.129Z  #1  retry, took 12.4 ms: the file system is full
  2026-11-21T08:22:56.150Z  #2  dead, took 1.25 s

last answer:
  stdout:
  no\x1b[2J room
)");
    EXPECT_EQ(its.ask({"dead", "show", dead_id, "--json"}).out, body + "\n");
    const admin_server of_many{body.substr(0, body.size() - 1) + R"(,"attempts_left_out":1})"};
    EXPECT_THAT(of_many.ask({"dead", "show", dead_id}).out,
                HasSubstr("\n\n  1 older attempt is left out\n  2026-11-21T08:22:55.129Z  #1"));
}

TEST(DeadShow, SaysThatThereIsNoSuchDelivery) {
    const admin_server its{R"({"error":"there is no such dead delivery"})", 404};
    const command_result result = its.ask({"dead", "show", dead_id});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "there is no such dead delivery\n");
    const command_result mistyped = its.ask({"dead", "show", "17"});
    EXPECT_EQ(mistyped.exit_code, 64);
    EXPECT_THAT(mistyped.err, HasSubstr("'17' is no delivery's id; `outreachd dead list` shows them"));
}

TEST(DeadShow, SurvivesAnAnswerOfAnotherShape) {
    const admin_server its{R"({"attempts_made":[1,null,{}],"event":[],"cursor":3})"};
    const admin_server of_lists{R"([1,null,{},[]])"};
    EXPECT_EQ(its.ask({"dead", "show", dead_id}).exit_code, 0);
    EXPECT_EQ(its.ask({"quarantine", "show", "1"}).exit_code, 0);
    EXPECT_EQ(its.ask({"quarantine", "recheck"}).exit_code, 0);
    for (const char* const of : {"dead", "events", "quarantine"})
        EXPECT_EQ(of_lists.ask({of, "list"}).exit_code, 0) << of;
}

/// What was asked for may not have been done, and nobody else's answer says so.
TEST(DeadChange, IsNotFooledByAnotherProgram) {
    for (const char* body : {"[]", "null", "3", "{}", R"({"status":"ok"})"}) {
        const admin_server its{body};
        for (const strings& arguments : {strings{"dead", "show", dead_id},
                                         {"dead", "discard", dead_id},
                                         {"dead", "replay", "--all"},
                                         {"events", "replay", "--since", "1h"},
                                         {"quarantine", "show", "1"},
                                         {"quarantine", "recheck"}}) {
            if (std::string{body} == R"({"status":"ok"})" &&
                (arguments[0] == "quarantine" || arguments[1] == "show"))
                continue; // any object may be one of these
            const command_result result = its.ask(arguments);
            EXPECT_EQ(result.exit_code, 1) << body << testing::PrintToString(arguments);
            EXPECT_THAT(result.err, HasSubstr("is no outreachd")) << body;
            EXPECT_EQ(result.out, "") << body;
        }
    }
}

TEST(DeadChange, OfOneAsksForThatAlone) {
    const admin_server replay{R"({"replayed":1,"cursor":null})"};
    EXPECT_EQ(replay.ask({"dead", "replay", dead_id}).out, "replayed 1 delivery\n");
    EXPECT_EQ(replay.lines(), strings{"POST /api/dead/" + dead_id + "/replay HTTP/1.1"});
    EXPECT_EQ(replay.server.requests()[0].headers.at("content-type"), "application/json");
    const admin_server discard{R"({"discarded":1,"cursor":null})"};
    EXPECT_EQ(discard.ask({"dead", "discard", dead_id}).out, "discarded 1 delivery\n");
    EXPECT_EQ(discard.lines(), strings{"POST /api/dead/" + dead_id + "/discard HTTP/1.1"});
}

TEST(DeadChange, OfManyGoesOnToTheLastPiece) {
    const strings pieces{R"({"replayed":256,"cursor":"17.crm"})", R"({"replayed":3,"cursor":"16.a b"})",
                         R"({"replayed":0,"cursor":null})"};
    const admin_server narrowed{pieces};
    EXPECT_EQ(narrowed.ask({"dead", "replay", "--handler", "crm", "--since", "2026-11-21T08:22:55Z"}).out,
              "replayed 259 deliveries\n");
    const std::string target = "POST /api/dead/replay?since=2026-11-21T08%3A22%3A55Z&handler=crm";
    EXPECT_EQ(narrowed.lines(), (strings{target + " HTTP/1.1", target + "&cursor=17.crm HTTP/1.1",
                                         target + "&cursor=16.a%20b HTTP/1.1"}));
    const admin_server all{pieces};
    EXPECT_EQ(all.ask({"dead", "replay", "--all"}).out, "replayed 259 deliveries\n");
    EXPECT_EQ(all.lines()[0], "POST /api/dead/replay HTTP/1.1");
    EXPECT_EQ(all.lines()[1], "POST /api/dead/replay?cursor=17.crm HTTP/1.1");
}

TEST(DeadChange, SaysThatNoHandlerHasThatName) {
    const std::string status = R"({"handlers":{"":{},"audit":{},"crm":{}}})";
    const std::string said = "outreachd: no handler 'crn' is known; did you mean 'crm'?\n";

    const struct {
        strings command;
        std::string answer;
    } cases[]{
        {{"dead", "replay", "--handler"}, R"({"replayed":0,"cursor":null})"},
        {{"dead", "discard", "--handler"}, R"({"discarded":0,"cursor":null})"},
        {{"dead", "list", "--handler"}, "[]"},
        {{"events", "list", "--handler"}, "[]"},
        {{"events", "replay", "--since", "2h", "--handler"}, R"({"events":0,"deliveries":0,"cursor":null})"}};

    for (const auto& each : cases) {
        const admin_server unknown{strings{each.answer, status}};
        const command_result result = unknown.ask(with_more(each.command, {"crn"}));
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(result.err, said) << each.command[1];
        const admin_server known{strings{each.answer, status}};
        EXPECT_EQ(known.ask(with_more(each.command, {"audit"})).err, "") << each.command[1];
        const admin_server silent{
            std::vector<std::pair<int, std::string>>{{200, each.answer}, {503, R"({"error":"busy"})"}}};
        EXPECT_EQ(silent.ask(with_more(each.command, {"crn"})).err, "") << each.command[1];
    }
}

/// Long work shows progress, though only to people.
TEST(DeadChange, ShowsATerminalHowFarItIs) {
    const admin_server its{
        strings{R"({"replayed":256,"cursor":"17.crm"})", R"({"replayed":3,"cursor":null})"}};
    const char* const arguments[]{"outreachd", "dead", "replay", "--all", "-c", its.config.c_str()};
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run(6, arguments, {}, {out, err, true}), 0);
    EXPECT_EQ(err.str(), "replayed 256 deliveries so far\x1b[K\r\x1b[K\r");
    EXPECT_EQ(out.str(), "replayed 259 deliveries\n");
}

TEST(DeadChange, SaysHowFarItCameWhereAPieceFails) {
    const admin_server its{
        std::vector<std::pair<int, std::string>>{{200, R"({"discarded":256,"cursor":"17.crm"})"},
                                                 {503, R"({"error":"the store has not written this"})"}}};
    const command_result result = its.ask({"dead", "discard", "--all"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, "discarded 256 deliveries\n");
    EXPECT_THAT(result.err, HasSubstr("answered 503: the store has not written this"));
}

TEST(DeadChange, RefusesWhatIsNotClear) {
    const admin_server its{"{}"};

    const struct {
        strings arguments;
        const char* said;
    } cases[]{{{}, "which ones? Give an ID"},
              {{"17"}, "'17' is no delivery's id"},
              {{dead_id, "--all"}, "an ID is one delivery"},
              {{dead_id, "--handler", "crm"}, "an ID is one delivery"},
              {{"--since", "yesterday"}, "how long ago"},
              {{"--limit", "3"}, "unknown option '--limit'"},
              {{"--all", "--json"}, "unknown option '--json'"}};

    for (const char* const verb : {"replay", "discard"})
        for (const auto& each : cases) {
            const command_result result = its.ask(with_more({"dead", verb}, each.arguments));
            EXPECT_EQ(result.exit_code, 64) << verb << each.said;
            EXPECT_THAT(result.err, HasSubstr(each.said)) << verb;
        }
    EXPECT_TRUE(its.server.requests().empty());
}

} // namespace
} // namespace outreachd::command_line
