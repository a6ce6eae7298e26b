/// `events show` against an admin server that plays the daemon.
#include "tests/unit/command_line/admin_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;

constexpr const char* shown_event = "01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f";

constexpr const char* story = R"({"id":"01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f","name":"task.completed",
"resource":"task","action":"completed","resource_id":"330021","received_at":"2026-11-21T08:22:55.123Z",
"delivered_at":"2026-11-21T08:22:54.955Z","endpoint":"/webhooks/outreach","source":"outreach","state":"dead",
"deliveries":[
 {"id":"5e0c3a52-61c7-5d0f-9a34-88b1f2d7c410","handler":"crm","state":"dead","attempts":2,"next_attempt_at":null,
  "reason":"the file system is full","died_at":"2026-11-21T08:22:57.400Z","finished_at":"2026-11-21T08:22:57.400Z",
  "last_answer":"stdout:\nno\u001b[2J room\n"},
 {"id":"5e0c3a52-61c7-5d0f-9a34-88b1f2d7c411","handler":"audit","state":"done","attempts":1,"next_attempt_at":null,
  "reason":null,"died_at":null,"finished_at":"2026-11-21T08:22:55.130Z","last_answer":null}],
"job_id":"9d1ce2a6-6d3c-4b0e-a1d3-0aa0c0e00025","size":812,"stored_at":"2026-11-21T08:22:55.126Z","damaged":false,
"origin":"signed","content_type":"application/vnd.api+json","outreach_event_id":"01939c1e-0000-7c3a-9d4f-0a1b2c3d4e5f","headers":[],
"body":"{}","attempts":[
 {"handler":"crm","number":1,"started_at":"2026-11-21T08:22:55.129Z","took_seconds":0.0124,"outcome":"retry",
  "reason":"the file system is full"},
 {"handler":"crm","number":2,"started_at":"2026-11-21T08:22:56.150Z","took_seconds":1.25,"outcome":"dead",
  "reason":"the file system is full"}]})";

TEST(EventsShow, TellsTheWholeStoryInOrder) {
    const admin_server its{story};
    const command_result result = its.ask({"events", "show", shown_event});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/events/" + std::string{shown_event});
    EXPECT_EQ(result.out, R"(task.completed  dead
  event      01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f
  resource   task:330021
  source     outreach
  job        9d1ce2a6-6d3c-4b0e-a1d3-0aa0c0e00025
  Outreach's event id  01939c1e-0000-7c3a-9d4f-0a1b2c3d4e5f

  2026-11-21T08:22:54.955Z  sent      by Outreach's clock
  2026-11-21T08:22:55.123Z  received  on /webhooks/outreach, 812 bytes of application/vnd.api+json
                            verified  its signature holds
                            stored    on disk before the 200 was sent
                            queued    for crm, audit
  2026-11-21T08:22:55.129Z  crm #1    retry, took 12.4 ms: the file system is full
  2026-11-21T08:22:55.130Z  audit     done
  2026-11-21T08:22:56.150Z  crm #2    dead, took 1.25 s: the file system is full

HANDLER  STATE  ATTEMPTS  NEXT ATTEMPT  DELIVERY
crm      dead          2  -             5e0c3a52-61c7-5d0f-9a34-88b1f2d7c410
audit    done          1  -             5e0c3a52-61c7-5d0f-9a34-88b1f2d7c411

last answer to crm:
  stdout:
  no\x1b[2J room

`--json` shows the headers and the body too.
)");
}

TEST(EventsShow, SaysHowManyAttemptsAreLeftOut) {
    std::string much{story};
    much.insert(much.size() - 1, R"(,"attempts_left_out":4)");
    const admin_server its{much};
    EXPECT_THAT(its.ask({"events", "show", shown_event}).out,
                testing::ContainsRegex("queued    for crm, audit\n +attempts  4 older ones are left out\n"));
}

/// A success at once has no attempt of its own, whatever succeeded before a replay.
TEST(EventsShow, TellsTheSuccessOfEachReplay) {
    const admin_server its{
        R"({"id":"x","name":"task.completed","state":"done","received_at":"2026-11-21T08:00:00.000Z",)"
        R"("stored_at":"2026-11-21T08:00:00.001Z","origin":"signed","damaged":false,"deliveries":[{"handler":"crm",)"
        R"("state":"done","attempts":1,"finished_at":"2026-11-21T12:00:00.000Z"}],"attempts":[{"handler":"crm",)"
        R"("number":1,"started_at":"2026-11-21T08:00:00.010Z","took_seconds":0,"outcome":"done"}]})"};
    EXPECT_THAT(
        its.ask({"events", "show", shown_event}).out,
        testing::ContainsRegex("T08:00:00.010Z  crm #1 [^\n]*\n  2026-11-21T12:00:00.000Z  crm +done"));
}

/// From the quarantine, after the secrets changed: nobody was answered 200 then.
TEST(EventsShow, SaysWhereAnEventWasStoredLate) {
    const admin_server its{
        R"({"id":"x","name":"task.completed","state":"pending","deliveries":[],"damaged":false,"attempts":[],)"
        R"("origin":"signed","received_at":"2026-11-21T08:22:55.123Z","stored_at":"2026-11-21T09:00:00.000Z"})"};
    const command_result result = its.ask({"events", "show", shown_event});
    EXPECT_THAT(result.out,
                HasSubstr("2026-11-21T09:00:00.000Z  verified  only then: the signature fitted no "
                          "secret before, or the disk failed"));
    EXPECT_THAT(result.out, testing::Not(HasSubstr("200")));
}

/// Only what had a signature that held was proven by one, and only a request was answered 200.
TEST(EventsShow, ClaimsNoProofThatThereIsNot) {
    const struct {
        const char* origin;
        const char* more;
        const char* shown;
    } cases[]{
        {R"("unsigned")", "",
         R"(08:22:54.955Z  sent      as its body says
  2026-11-21T08:22:55.123Z  received  on /webhooks/outreach, 812 bytes
                            accepted  without a signature (`unsigned: accept`): nothing proves who sent it
                            stored    on disk before the 200 was sent
)"},
        {R"("unsigned")", R"("stored_at":"2026-11-21T09:00:00.000Z",)",
         R"(                            accepted  without a signature (`unsigned: accept`): nothing proves who sent it
  2026-11-21T09:00:00.000Z  stored    on disk, only then: it failed before
)"},
        {R"("fetched")", R"("stored_at":"2026-11-21T08:22:55.126Z",)",
         R"(08:22:54.955Z  changed  by Outreach's clock
  2026-11-21T08:22:55.123Z  fetched  812 bytes
                            trusted  a backfill had it from Outreach's API: no webhook brought it, and it has no signature
                            stored   on disk
)"},
        {R"("queue")", R"("stored_at":"2026-11-21T09:00:00.000Z",)",
         R"(08:22:54.955Z  sent      as its body says
  2026-11-21T08:22:55.123Z  received  as its message says, on /webhooks/outreach, 812 bytes
  2026-11-21T09:00:00.000Z  taken in  from a work queue: whoever may publish there is believed
                            stored    on disk before the broker was told so
)"},
        {"null", "",
         R"(08:22:54.955Z  sent      as its body says
  2026-11-21T08:22:55.123Z  received  on /webhooks/outreach, 812 bytes
                            accepted  whether it was signed wasn't kept when it was stored
                            stored    on disk
)"}};

    for (const auto& [origin, more, shown] : cases) {
        const admin_server its{
            R"({"id":"x","name":"task.updated","state":"pending","deliveries":[],"damaged":false,"attempts":[],)"
            R"("received_at":"2026-11-21T08:22:55.123Z","delivered_at":"2026-11-21T08:22:54.955Z","size":812,)" +
            std::string{more} + R"("endpoint":"/webhooks/outreach","origin":)" + origin + "}"};
        const command_result result = its.ask({"events", "show", shown_event});
        EXPECT_THAT(result.out, HasSubstr(shown)) << origin;
        EXPECT_THAT(result.out, testing::Not(HasSubstr("verified"))) << origin;
    }
}

/// By the broker, to handlers of the host that received it: it was stored anew then, not late.
TEST(EventsShow, TakesNoEventThatCameBackForOneStoredLate) {
    const admin_server its{
        R"({"id":"x","name":"task.completed","state":"done","deliveries":[{"handler":"crm","state":"done"}],)"
        R"("damaged":false,"attempts":[],"origin":"signed","published_at":"2026-11-21T09:00:00.000Z",)"
        R"("received_at":"2026-11-21T08:22:55.123Z","stored_at":"2026-11-21T09:00:00.000Z"})"};
    const std::string shown = its.ask({"events", "show", shown_event}).out;
    EXPECT_THAT(shown, HasSubstr("verified   its signature holds\n"));
    EXPECT_THAT(shown, HasSubstr("stored     on disk\n"));
}

TEST(EventsShow, TellsOfUnroutedAndDamagedEvents) {
    const admin_server its{
        R"({"id":"x","name":"unknown","state":"unrouted","deliveries":[],"damaged":true,"attempts":[],)"
        R"("received_at":"2026-11-21T08:22:55.123Z"})"};
    const command_result result = its.ask({"events", "show", shown_event});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("no route takes it"));
    EXPECT_THAT(result.out, HasSubstr("its checksum no longer holds"));
}

TEST(EventsShow, SurvivesAnAnswerOfAnotherShape) {
    const admin_server its{R"({"version":[],"deliveries":3,"attempts":[1,null,{}],"size":[],"handlers":4})"};
    EXPECT_EQ(its.ask({"events", "show", shown_event}).exit_code, 0);
    EXPECT_EQ(its.ask({"status"}).exit_code, 0);
    for (const char* body : {"[]", "null", "3", "{}"})
        EXPECT_EQ(admin_server{body}.ask({"events", "show", shown_event}).exit_code, 1) << body;
}

TEST(EventsShow, SaysThatThereIsNoSuchEvent) {
    const admin_server its{R"({"error":"there is no such event"})", 404};
    const command_result result = its.ask({"events", "show", shown_event});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "there is no such event\n");
    EXPECT_EQ(its.ask({"events", "show", "330021"}).exit_code, 64);
}

} // namespace
} // namespace outreachd::command_line
