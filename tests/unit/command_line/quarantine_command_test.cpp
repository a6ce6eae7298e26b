/// `quarantine` against an admin server that plays the daemon.
#include "tests/unit/command_line/admin_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;
using strings = std::vector<std::string>;

constexpr const char* listed =
    R"([{"id":"17","received_at":"2026-11-21T08:22:55.123Z","endpoint":"/webhooks/outreach","peer":"192.0.2.1",)"
    R"("reason":"the signature fits no secret of the endpoint","size":812}])";

TEST(QuarantineList, ShowsColumns) {
    const admin_server its{listed};
    const command_result result = its.ask({"quarantine", "list"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/quarantine");
    EXPECT_THAT(result.out,
                testing::MatchesRegex("ID  RECEIVED +ENDPOINT +FROM +BYTES  REASON\n17  [^\n]+"
                                      "  /webhooks/outreach  192.0.2.1    812  the signature fits no "
                                      "secret of the endpoint\n"));
    EXPECT_EQ(its.ask({"quarantine", "list", "--json"}).out, std::string{listed} + "\n");
}

TEST(QuarantineList, PagesByTheIdOfTheLast) {
    const admin_server its{listed};
    const command_result result = its.ask({"quarantine", "list", "--limit", "1", "--before", "20"});
    EXPECT_EQ(its.target(), "/api/quarantine?limit=1&before=20");
    EXPECT_THAT(result.out, testing::EndsWith("older ones: --before 17\n"));
    EXPECT_THAT(its.ask({"quarantine", "list"}).out, testing::Not(HasSubstr("older ones")));
    const admin_server empty{"[]"};
    EXPECT_EQ(empty.ask({"quarantine", "list"}).out, "nothing is in quarantine\n");
}

TEST(QuarantineShow, ShowsOneAsItCame) {
    const std::string body =
        R"({"id":"17","received_at":"2026-11-21T08:22:55.123Z","endpoint":"/webhooks/outreach","peer":"192.0.2.1",)"
        R"("reason":"the signature fits no secret of the endpoint","size":812,"content_type":"application/json",)"
        R"("outreach_event_id":"e-\u001b[2J","headers":[{"name":"Outreach-Org-Id","value":"0f\u001b[2J"}],)"
        R"("body":"{\"a\": 1}"})";
    const admin_server its{body};
    const command_result result = its.ask({"quarantine", "show", "17"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(its.target(), "/api/quarantine/17");
    EXPECT_EQ(result.out, R"(request 17  not proved genuine
  received   2026-11-21T08:22:55.123Z
  endpoint   /webhooks/outreach
  from       192.0.2.1
  reason     the signature fits no secret of the endpoint
  type       application/json
  Outreach's event id  e-\x1b[2J
  header     Outreach-Org-Id: 0f\x1b[2J

{"a": 1}
)");
    EXPECT_EQ(its.ask({"quarantine", "show", "17", "--json"}).out, body + "\n");
}

TEST(QuarantineRecheck, SaysWhatBecameOfAll) {
    const admin_server its{R"({"recovered":2,"quarantined":1,"finished":true})"};
    const command_result result = its.ask({"quarantine", "recheck"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "2 requests are events now; 1 is left\n");
    EXPECT_EQ(its.lines(), strings{"POST /api/quarantine/recheck HTTP/1.1"});
    const admin_server busy{R"({"recovered":1,"quarantined":20,"finished":false})"};
    EXPECT_EQ(busy.ask({"quarantine", "recheck"}).out,
              "1 request is an event now; 20 are left\nthe check still goes on\n");
}

TEST(QuarantineDiscard, AsksForThatAlone) {
    const admin_server its{R"({"discarded":1})"};
    const command_result result = its.ask({"quarantine", "discard", "17"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "discarded request 17\n");
    EXPECT_EQ(its.lines(), strings{"POST /api/quarantine/17/discard HTTP/1.1"});
    const admin_server gone{R"({"error":"there is no such request in quarantine"})", 404};
    const command_result refused = gone.ask({"quarantine", "discard", "17"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "there is no such request in quarantine\n");
}

TEST(Quarantine, RefusesWhatTheDaemonWouldRefuse) {
    const admin_server its{"[]"};

    const struct {
        strings arguments;
        const char* said;
    } cases[]{{{"list", "--limit", "0"}, "from 1 to 1000"},
              {{"list", "--limit", "many"}, "from 1 to 1000"},
              {{"list", "--before", "x"}, "'x' is no quarantined request's id"},
              {{"list", "--handler", "crm"}, "unknown option '--handler'"},
              {{"show"}, "ID is required"},
              {{"show", "x"}, "'x' is no quarantined request's id, which is a number"},
              {{"show", "-1"}, "-1"},
              {{"discard"}, "ID is required"},
              {{"discard", "99999999999999999999"}, "is no quarantined request's id"},
              {{"recheck", "17"}, "unknown argument '17'"}};

    for (const auto& each : cases) {
        strings arguments{"quarantine"};
        arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
        const command_result result = its.ask(arguments);
        EXPECT_EQ(result.exit_code, 64) << testing::PrintToString(arguments);
        EXPECT_THAT(result.err, HasSubstr(each.said));
    }
    EXPECT_TRUE(its.server.requests().empty());
}

} // namespace
} // namespace outreachd::command_line
