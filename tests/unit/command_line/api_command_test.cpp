/// `outreachd api` against a simulated Outreach.
#include "daemon/command_line/api_command.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"
#include "tests/unit/command_line/watched_output.hpp"

#include <thread>

#include <signal.h>

namespace outreachd::command_line {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Api, PrintsTheAnswerAsItCame) {
    const std::string body =
        R"({"data":{"id":12345678901234567890123,"type":"task","attributes":{"b":1.50,"a":2}}})";
    test_servers::scripted_server server{
        [&](const test_servers::recorded_request&) { return test_servers::http_ok(body); }};
    commanded_sandbox with;
    with.use_auth(std::string{"{type: token, token: "} + planted_token + "}",
                  "http://127.0.0.1:" + std::to_string(server.port()) + "/api/v2");

    const command_result result = with.run({"api", "get", "/tasks/5", "--include", "owner,prospect"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, body + "\n");
    EXPECT_EQ(result.err, "");
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.line, "GET /api/v2/tasks/5?include=owner,prospect HTTP/1.1");
    EXPECT_EQ(request.headers.at("authorization"), std::string{"Bearer "} + planted_token);
    EXPECT_EQ(request.headers.at("content-type"), "application/vnd.api+json");
}

TEST(Api, SaysWhoseTokenItIs) {
    const commanded_sandbox with;
    EXPECT_THAT(with.ask("/", ".meta.app.name"), ElementsAre("Sandbox"));
    EXPECT_EQ(with.count_of("GET", "/api/v2/"), 0U) << "the API's own URL has no slash at its end";
}

TEST(Api, FiltersSortsAndPicksFields) {
    const commanded_sandbox with;
    const command_result result =
        with.run({"api", "GET", "prospects", "--filter", "title=Buyer,VP Operations", "--sort", "-firstName",
                  "--fields", "prospect=firstName", "--count", "--raw", "--jq",
                  "(.data[] | .attributes | keys[0], .firstName), .meta.count"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "firstName\nInes\nfirstName\nAiko\n2\n");
}

TEST(Api, PrintsJqResultsOneALine) {
    const commanded_sandbox with;
    EXPECT_EQ(with.run({"api", "GET", "/stages", "--jq", ".data[0].attributes.name, {n: 1}, null"}).out,
              "\"Cold\"\n{\"n\":1}\nnull\n");
    EXPECT_EQ(with.run({"api", "GET", "/stages", "--raw", "--jq", ".data[0].attributes.name, [\"x\"]"}).out,
              "Cold\n[\"x\"]\n");
    const command_result failed = with.run({"api", "GET", "/stages", "--jq", ".data.name"});
    EXPECT_EQ(failed.exit_code, 1);
    EXPECT_THAT(failed.err, StartsWith("outreachd: --jq: "));
}

TEST(Api, PaginatesOneResourceALine) {
    const commanded_sandbox with;
    const command_result result =
        with.run({"api", "GET", "/stages", "--page-size", "1", "--paginate", "--sort", "id"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::istringstream lines{result.out};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_THAT(line, StartsWith("{\"type\":\"stage\",\"id\":"));
    EXPECT_EQ(count, 4U);
    EXPECT_EQ(with.count_of("GET", "/api/v2/stages"), 4U);
    EXPECT_EQ(with.run({"api", "GET", "/stages", "--page-size", "3", "--paginate", "--raw", "--jq",
                        ".attributes.name"})
                  .out,
              "Cold\nContacted\nReplied\nCustomer\n");
}

TEST(Api, SendsWhatIsGivenAsDataFromTheWordAFileOrTheInput) {
    const commanded_sandbox with;
    const std::string id = with.ask("/prospects", ".data[0].id").at(0);
    const auto change = [&](const std::string& title) {
        return R"({"data":{"type":"prospect","id":)" + id + R"(,"attributes":{"title":")" + title + R"("}}})";
    };
    const auto title = [&] { return with.ask("/prospects/" + id, ".data.attributes.title").at(0); };

    EXPECT_EQ(with.run({"api", "PATCH", "/prospects/" + id, "--data", change("one")}).exit_code, 0);
    EXPECT_EQ(title(), "one");
    EXPECT_EQ(with.run({"api", "PATCH", "/prospects/" + id, "--data",
                        "@" + with.scratch.file("change.json", change("two"))})
                  .exit_code,
              0);
    EXPECT_EQ(title(), "two");
    const typed_input typed{change("three")};
    EXPECT_EQ(with.run({"api", "PATCH", "/prospects/" + id, "--data", "-"}, &typed).exit_code, 0);
    EXPECT_EQ(title(), "three");
}

TEST(Api, RunsActionsAndPrintsNothingOfAnEmptyAnswer) {
    const commanded_sandbox with;
    const std::string id = with.ask("/tasks", ".data[0].id").at(0);
    EXPECT_EQ(with.run({"api", "POST", "/tasks/" + id + "/actions/snooze", "--action-param",
                        "dueAt=2026-12-01T09:00:00Z"})
                  .exit_code,
              0);
    EXPECT_THAT(with.ask("/tasks/" + id, ".data.attributes.dueAt").at(0), StartsWith("2026-12-01T09:00:00"));
    const command_result removed = with.run({"api", "DELETE", "/tasks/" + id});
    EXPECT_EQ(removed.exit_code, 0) << removed.err;
    EXPECT_EQ(removed.out, "");
}

TEST(Api, SaysWhatOutreachSaysOfAFailure) {
    const commanded_sandbox with;
    const command_result missing = with.run({"api", "GET", "/prospects/999999"});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_EQ(missing.out, "");
    EXPECT_THAT(missing.err, HasSubstr("answered 404 resourceNotFound"));
    const command_result invalid = with.run({"api", "POST", "/prospects", "--data",
                                             R"({"data":{"type":"prospect","attributes":{"firstName":5}}})"});
    EXPECT_EQ(invalid.exit_code, 1);
    EXPECT_THAT(invalid.err, HasSubstr("answered 422 validationError"));
    EXPECT_THAT(invalid.err, HasSubstr("/data/attributes/firstName"));
}

TEST(Api, WaitsForTheHourlyLimitAndSaysSo) {
    commanded_sandbox with;
    with.subject.set_limit(0, std::chrono::seconds{3});
    const command_result result = with.run({"api", "GET", "/stages"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("waiting for it (Ctrl-C ends this)"));
    EXPECT_EQ(with.count_of("GET", "/api/v2/stages"), 2U);
}

TEST(Api, EndsAtCtrlCWhileItWaits) {
    commanded_sandbox with;
    with.subject.set_limit(0, std::chrono::minutes{30});
    watched_output out_text;
    watched_output err_text;
    int code = -1;
    std::thread waiting{[&] {
        std::ostream out{&out_text};
        std::ostream err{&err_text};
        api_options asked;
        asked.method = "GET";
        asked.path = "/stages";
        code = call_api(with.config, asked, {.out = out, .err = err});
    }};
    EXPECT_TRUE(err_text.has_come("waiting for it")) << err_text.text();
    ::kill(::getpid(), SIGINT);
    waiting.join();
    EXPECT_EQ(code, 130);
    EXPECT_THAT(err_text.text(), HasSubstr("outreachd: interrupted\n"));
    EXPECT_EQ(out_text.text(), "");
}

/// A task has no subject, say, and a page of nulls teaches nobody.
TEST(Api, DoesWhatItsHelpShows) {
    const commanded_sandbox with;
    const std::string example =
        "api GET /tasks --filter state=incomplete --paginate --jq .attributes.note --raw";
    EXPECT_THAT(with.run({"api", "--help"}).out, HasSubstr("\n  outreachd " + example + "\n"));
    std::istringstream words{example};
    const command_result result = with.run({std::istream_iterator<std::string>{words}, {}});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("Call before noon\n"));
}

TEST(Api, RefusesWhatMakesNoSenseAndSendsNothing) {
    const commanded_sandbox with;

    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{
        {{"api", "FETCH", "/tasks"}, "'FETCH' is no method"},
        {{"api", "GET"}, "PATH is required"},
        {{"api", "GET", "/tasks", "--data", "{}"}, "GET takes no --data"},
        {{"api", "PATCH", "/tasks/5"}, "PATCH needs --data"},
        {{"api", "POST", "/tasks", "--data", "{oops"}, "--data is no JSON"},
        {{"api", "POST", "/tasks", "--data", "{}", "--data", "{}"}, "--data is given twice"},
        {{"api", "POST", "/tasks", "--paginate"}, "goes with GET alone"},
        {{"api", "GET", "/tasks", "--raw"}, "--raw"},
        {{"api", "GET", "/tasks", "--jq", ".["}, "--jq: "},
        {{"api", "GET", "/tasks", "--jq", "env.HOME"}, "--jq: "},
        {{"api", "GET", "/tasks", "--filter", "id="}, "would let everything through"},
        {{"api", "GET", "/tasks", "--filter", "id"}, "is no filter"},
        {{"api", "GET", "/tasks", "--fields", "subject"}, "is no TYPE=a,b"},
        {{"api", "GET", "/tasks", "--page-size", "0"}, "--page-size"},
        {{"api", "POST", "/tasks/5/actions/snooze", "--action-param", "now"}, "is no NAME=VALUE"},
        {{"api", "POST", "/batches/actions/prospectsDestroyAll"}, "would touch every record"},
        {{"api", "POST", "batches/actions/prospectsDestroyAll?filter[id]=1"}, "would touch every record"},
        {{"api", "GET", "https://elsewhere.example.com/api/v2/tasks"}, "our token doesn't go there"},
        {{"api", "GET", "/tasks/../webhooks"}, "GET"},
    };

    for (const auto& each : cases) {
        const command_result result = with.run(each.arguments);
        EXPECT_EQ(result.exit_code, 64) << testing::PrintToString(each.arguments) << result.err;
        EXPECT_EQ(result.out, "");
        EXPECT_THAT(result.err, HasSubstr(each.said)) << testing::PrintToString(each.arguments);
    }
    const command_result without_input = with.run({"api", "POST", "/tasks", "--data", "-"});
    EXPECT_EQ(without_input.exit_code, 1);
    EXPECT_THAT(without_input.err, HasSubstr("there is no standard input"));
    EXPECT_TRUE(with.subject.requests().empty());
}

TEST(Api, SaysThatNobodyAnswersOrThatALoginIsNeeded) {
    commanded_sandbox with;
    with.use_oauth();
    const command_result without = with.run({"api", "GET", "/tasks"});
    EXPECT_EQ(without.exit_code, 69);
    EXPECT_THAT(without.err, HasSubstr("outreachd auth login"));
    with.use_auth(std::string{"{type: token, token: "} + planted_token + "}",
                  "http://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/api/v2");
    const command_result silent = with.run({"api", "GET", "/tasks"});
    EXPECT_EQ(silent.exit_code, 69);
    EXPECT_THAT(silent.err, HasSubstr("GET http://127.0.0.1"));
}

TEST(Api, SaysWhatTheConfigurationLacks) {
    commanded_sandbox with;
    with.config = with.scratch.file("empty.yaml", "store: {directory: " + with.scratch.at("store") + "}\n");
    EXPECT_EQ(with.run({"api", "GET", "/tasks"}).exit_code, 78);
    EXPECT_THAT(with.run({"api", "GET", "/tasks"}).err, HasSubstr("outreach: is missing"));
    with.use_auth("{type: token, token: {env: OUTREACHD_TEST_NEVER_SET}}");
    EXPECT_EQ(with.run({"api", "GET", "/tasks"}).exit_code, 78);
}

TEST(Api, NeverShowsTheTokenThatAFailureRepeats) {
    test_servers::scripted_server server{[&](const test_servers::recorded_request& request) {
        return test_servers::http_status(422, R"({"errors":[{"id":"echo","detail":")" +
                                                  request.headers.at("authorization") + R"("}]})");
    }};
    commanded_sandbox with;
    with.use_auth(std::string{"{type: token, token: "} + planted_token + "}",
                  "http://127.0.0.1:" + std::to_string(server.port()) + "/api/v2");
    const command_result result = with.run({"api", "GET", "/tasks"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("echo"));
}

} // namespace
} // namespace outreachd::command_line
