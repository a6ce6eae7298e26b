/// `outreachd send` as a whole, against a listener that checks what it gets.
#include "daemon/command_line/samples.hpp"
#include "daemon/command_line/send_plan.hpp"
#include "daemon/event/event_reader.hpp"
#include "daemon/signature/verifier.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/configured.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>

namespace outreachd::command_line {
namespace {

using namespace test_servers;
namespace json = boost::json;
using testing::HasSubstr;

scripted_answer answer_ok(const recorded_request&) {
    return http_ok();
}

/// A listener with a certificate of its own, and the configuration that tells of it.
struct listener {
    explicit listener(scripted_server::script script = answer_ok) : server(std::move(script), pair) {
        config = listener_configuration(scratch, server.port(), pair);
    }

    command_result send(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"send", "-c", config});
        return run_command(arguments);
    }

    // Its name isn't the one that it is reached by: the configured certificate is trusted as it is.
    certificate_pair pair = make_certificate("DNS:hooks.example.com");
    scratch_directory scratch;
    scripted_server server;
    std::string config;
};

TEST(Send, SignsASampleAsOutreachDoes) {
    const listener its;
    const command_result result = its.send({"task.completed"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    const auto requests = its.server.requests();
    ASSERT_EQ(requests.size(), 1U);
    const recorded_request& request = requests[0];
    EXPECT_EQ(request.line, "POST /webhooks/outreach HTTP/1.1");
    EXPECT_EQ(request.headers.at("outreach-webhook-signature"),
              signature::sign(secret{first_secret}, request.body));
    EXPECT_EQ(request.headers.at("content-type"), "application/vnd.api+json");
    EXPECT_EQ(request.headers.at("user-agent"), "outreachd-send/" OUTREACHD_VERSION);
    EXPECT_EQ(request.headers.at("connection"), "close");
    EXPECT_EQ(request.headers.at("outreach-webhook-id"), "7");
    EXPECT_EQ(request.headers.at("outreach-org-id").size(), 36U);
    EXPECT_EQ(read_event(request.body).name, "task.completed");
    EXPECT_THAT(result.out,
                testing::ContainsRegex("^200 +[0-9.]+ m?s  task.completed  \\(Outreach's event id " +
                                       request.headers.at("outreach-webhook-event-id") + "\\)\n$"));
}

TEST(Send, MakesEverySampleANewEvent) {
    const listener its;
    const command_result result = its.send({"mailing.*", "install.created", "--count", "3"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::set<std::string> bodies;
    std::set<std::string> ids;
    for (const recorded_request& each : its.server.requests()) {
        bodies.insert(each.body);
        ids.insert(each.headers.at("outreach-webhook-event-id"));
    }
    EXPECT_EQ(bodies.size(), 24U);
    EXPECT_EQ(ids.size(), 24U);
    EXPECT_EQ(its.server.connections(), 1U) << "--count keeps the connection";
    EXPECT_THAT(result.out, HasSubstr("24 sent, 24 answered 200, 0 not; min "));
}

TEST(Send, SendsAFileByteForByte) {
    const listener its;
    const std::string body = "{ \"data\" : {},\n \"meta\": {\"eventName\":\"task.frobnicated\"}}\n\xff";
    const std::string path = its.scratch.file("body.json", body);
    const command_result result = its.send({path});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    ASSERT_EQ(its.server.requests().size(), 1U);
    EXPECT_EQ(its.server.requests()[0].body, body);
    EXPECT_EQ(its.server.requests()[0].headers.at("outreach-webhook-signature"),
              signature::sign(secret{first_secret}, body));
}

TEST(Send, ShowsEveryAnswerThatIsNot200) {
    const listener its{[](const recorded_request& request) {
        return read_event(request.body).action == "opened" ? http_status(401) : http_ok();
    }};
    const command_result result = its.send({"mailing.opened", "mailing.replied"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out,
                testing::ContainsRegex("^401 .*mailing.opened .*\n200 .*mailing.replied .*\n2 sent, 1 "
                                       "answered 200, 1 not; "));
    EXPECT_THAT(result.err, HasSubstr("knows another secret"));
}

TEST(Send, SaysThatAResetIsNoLoss) {
    const listener its{[](const recorded_request&) { return scripted_answer{.is_reset = true}; }};
    const command_result result = its.send({"task.created"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out, testing::StartsWith("---  "));
    EXPECT_THAT(result.err, HasSubstr("reset without an answer; Outreach would send it again"));
}

TEST(Send, ReportsAsJson) {
    const listener its;
    const command_result result = its.send({"task.created", "--count", "2", "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const json::value report = json::parse(result.out);
    EXPECT_EQ(report.at("sent").to_number<int>(), 2);
    EXPECT_EQ(report.at("accepted").to_number<int>(), 2);
    EXPECT_EQ(report.at("failed").to_number<int>(), 0);
    EXPECT_GT(report.at("milliseconds").at("p99").as_double(), 0.0);
    const json::value& first = report.at("requests").as_array().front();
    EXPECT_EQ(first.at("name"), "task.created");
    EXPECT_EQ(first.at("status").to_number<int>(), 200);
    EXPECT_EQ(first.at("outreach_event_id"),
              json::string_view{its.server.requests()[0].headers.at("outreach-webhook-event-id")});
}

TEST(Send, ShowsOfManyOnlyThoseThatFailed) {
    const listener its{[](const recorded_request& request) {
        return read_event(request.body).name == "user.created" ? http_status(413) : http_ok();
    }};
    const command_result result = its.send({"task.created", "user.created", "--count", "26"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out, testing::Not(HasSubstr("task.created")));
    EXPECT_THAT(result.out, HasSubstr("413 "));
    EXPECT_THAT(result.out, HasSubstr("52 sent, 26 answered 200, 26 not; "));
}

TEST(Send, KeepsItsRateWhenAnswersAreSlow) {
    // The first is answered only when the second has come: in a closed loop that would be never.
    std::mutex guard;
    std::condition_variable arrived;
    int seen = 0;
    const listener its{[&](const recorded_request&) {
        std::unique_lock lock{guard};
        ++seen;
        arrived.notify_all();
        return arrived.wait_for(lock, std::chrono::seconds{9}, [&] { return seen >= 2; }) ? http_ok()
                                                                                          : http_status(500);
    }};
    const command_result result = its.send({"task.created", "--count", "12", "--rate", "1000/s"});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_EQ(its.server.requests().size(), 12U);
    EXPECT_GT(its.server.connections(), 1U);
}

TEST(Send, OpensNoMoreConnectionsThanItsRateNeeds) {
    const listener its;
    EXPECT_EQ(its.send({"task.created", "--count", "5", "--rate", "10"}).exit_code, 0);
    EXPECT_EQ(its.server.requests().size(), 5U);
    EXPECT_LT(its.server.connections(), 5U);
}

TEST(Send, SaysWhereNothingListens) {
    const scratch_directory scratch;
    const std::string config =
        listener_configuration(scratch, unused_port(), make_certificate("DNS:localhost"));
    const command_result result = run_command({"-c", config, "send", "all", "--count", "100", "--rate", "5"});
    EXPECT_EQ(result.exit_code, 69);
    EXPECT_THAT(result.err, HasSubstr("Connection refused; is the daemon running? (`outreachd serve`"));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << "said once: " << result.err;
}

TEST(Send, NamesACertificateThatIsNotTrusted) {
    const listener its;
    const scratch_directory scratch;
    const std::string config =
        listener_configuration(scratch, its.server.port(), make_certificate("IP:127.0.0.1"));
    const command_result result = run_command({"send", "task.created", "-c", config});
    EXPECT_EQ(result.exit_code, 69);
    EXPECT_THAT(result.err, HasSubstr("was not accepted: "));
    EXPECT_THAT(result.err, HasSubstr("--ca FILE"));
    EXPECT_EQ(run_command({"send", "task.created", "-c", config, "--insecure"}).exit_code, 0);
}

TEST(Send, RefusesWhatCannotBeMeant) {
    const listener its;

    const struct {
        const char* label;
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{
        {"a misspelt name", {"task.complete"}, "did you mean 'task.completed'?"},
        {"a glob that fits nothing", {"contact.*"}, "no sample 'contact.*'"},
        {"a URL without a scheme", {"task.created", "--url", "localhost:8443"}, "--url 'localhost:8443'"},
        {"an unknown endpoint",
         {"task.created", "--endpoint", "/webhook/outreach"},
         "did you mean '/webhooks/outreach'?"},
        {"a rate of nothing", {"task.created", "--rate", "0"}, "--rate '0'"},
        {"a rate in minutes", {"task.created", "--rate", "5/min"}, "--rate '5/min'"},
        {"no number", {"task.created", "--count", "0"}, "--count"},
        {"too many", {"task.created", "--count", "10000001"}, "--count"},
    };

    for (const auto& each : cases) {
        const command_result result = its.send(each.arguments);
        EXPECT_EQ(result.exit_code, 64) << each.label;
        EXPECT_THAT(result.err, HasSubstr(each.said)) << each.label;
    }
    EXPECT_TRUE(its.server.requests().empty());
}

TEST(Send, NamesAFileThatCannotBeRead) {
    const listener its;
    const command_result missing = its.send({"./no-such-body.json"});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_THAT(missing.err, HasSubstr("can't read './no-such-body.json': No such file or directory"));
    const command_result directory = its.send({"./"});
    EXPECT_EQ(directory.exit_code, 1);
    EXPECT_THAT(directory.err, HasSubstr("can't read './': it is a directory"));
}

TEST(Send, NeedsToKnowWhichOfSeveralEndpoints) {
    settings::settings configured;
    configured.endpoints = {{.path = "/a", .secrets = {secret{"x"}}},
                            {.path = "/b", .secrets = {secret{"y"}}}};
    send_options options;
    options.what = {"task.created"};
    EXPECT_THROW(plan_send(configured, options), usage_error);
    options.endpoint = "/b";
    EXPECT_EQ(plan_send(configured, options).to.target, "/b");
    options.endpoint.clear();
    options.url = "https://hooks.example.com/b";
    EXPECT_EQ(plan_send(configured, options).endpoint.path, "/b") << "the URL has chosen it";
    options.url = "https://hooks.example.com";
    options.endpoint = "/a";
    EXPECT_EQ(plan_send(configured, options).to.target, "/a") << "a URL without a path gets the endpoint's";
}

TEST(Send, ReachesAListenerOfAnyAddressByLoopback) {
    settings::settings configured;
    configured.endpoints = {{.path = "/a", .secrets = {secret{"x"}}}};
    send_options options;
    options.what = {"task.created"};

    const struct {
        const char* address;
        const char* host;
    } cases[]{{"::", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"127.0.0.1", "127.0.0.1"}, {"::1", "::1"}};

    for (const auto& each : cases) {
        configured.listen.address = each.address;
        EXPECT_EQ(plan_send(configured, options).to.host, each.host);
    }
    EXPECT_FALSE(plan_send(configured, options).to.is_tls) << "tls: off";
    configured.listen.port = 0;
    EXPECT_THROW(plan_send(configured, options), usage_error);
}

/// Nobody takes these, and a body that can't be read isn't kept as unrouted: see the router.
TEST(Send, DryRunSaysWhatBecomesOfAnEventThatNobodyTakes) {
    const scratch_directory scratch;
    const std::string config =
        scratch.file("outreachd.yaml", "listen: {address: 127.0.0.1, tls: off}\n"
                                       "endpoints: [{path: /webhooks/outreach, unsigned: accept}]\n"
                                       "handlers: {audit: {type: log}}\n"
                                       "routes: [{match: task.*, to: [audit]}]\n");

    const struct {
        const char* label;
        std::string what;
        const char* said;
    } cases[]{
        {"empty", scratch.file("empty.json", ""),
         "unknown\n  to no handler: its body can't be read, and it would be dead at once: unparsable\n"},
        {"not UTF-8", scratch.file("bytes.json", "\xff\xfe"),
         "unknown\n  to no handler: its body can't be read, and it would be dead at once: unparsable\n"},
        {"not JSON", scratch.file("text.json", "task.completed"),
         "unknown\n  to no handler: its body can't be read, and it would be dead at once: unparsable\n"},
        {"no event", scratch.file("object.json", "{}"),
         "unknown\n  to no handler: its body doesn't say what it is, and it would be dead at once: "
         "unparsable\n"},
    };

    for (const auto& each : cases) {
        const command_result result = run_command({"send", "-c", config, "--dry-run", each.what});
        EXPECT_EQ(result.exit_code, 0) << each.label << result.err;
        EXPECT_EQ(result.out, each.said) << each.label;
    }
    EXPECT_EQ(
        run_command({"send", "-c", config, "--dry-run", "task.created", "call.created"}).out,
        "task.created\n  to audit (log)\ncall.created\n  to no handler: it would be kept as unrouted\n");
}

/// As the daemon's lane does: what can't be decided is dead, and not somebody else's.
TEST(Send, DryRunSaysThatAnEventIsDeadWhereAConditionFails) {
    const scratch_directory scratch;
    const std::string config = scratch.file(
        "outreachd.yaml", "listen: {address: 127.0.0.1, tls: off}\n"
                          "endpoints: [{path: /webhooks/outreach, unsigned: accept}]\n"
                          "handlers: {audit: {type: log}}\n"
                          "routes: [{match: \"*\", where: .data.id | tonumber > 1, to: [audit]}]\n");
    const auto with_id = [&](const std::string& id) {
        return run_command({"send", "-c", config, "--dry-run",
                            scratch.file("event.json", R"({"data":{"id":)" + id +
                                                           R"(},"meta":{"eventName":"task.completed"}})")});
    };
    const command_result broken = with_id(R"("T-1")");
    EXPECT_EQ(broken.exit_code, 1);
    EXPECT_THAT(broken.out, testing::StartsWith("task.completed\n  to audit (log)\n    it would be dead: "));
    EXPECT_THAT(broken.out, testing::Not(HasSubstr("unrouted")));
    EXPECT_EQ(with_id("2").out, "task.completed\n  to audit (log)\n");
    EXPECT_EQ(with_id("1").out, "task.completed\n  to no handler: it would be kept as unrouted\n");
}

TEST(Send, DryRunComesInAtTheEndpointThatIsNamed) {
    const scratch_directory scratch;
    const std::string config = scratch.file(
        "outreachd.yaml", "listen: {address: 127.0.0.1, tls: off}\n"
                          "endpoints:\n"
                          "  - {path: /a, source: a, unsigned: accept}\n"
                          "  - {path: /b, source: b, unsigned: accept}\n"
                          "handlers: {audit: {type: log}}\n"
                          "routes: [{match: \"*\", where: $event.source == \"b\", to: [audit]}]\n");
    const auto at = [&](const std::string& endpoint) {
        return run_command({"send", "-c", config, "--dry-run", "task.completed", "--endpoint", endpoint});
    };
    EXPECT_EQ(at("/b").out, "task.completed\n  to audit (log)\n");
    EXPECT_THAT(at("/a").out, HasSubstr("to no handler"));
    const command_result unknown = at("/nope");
    EXPECT_EQ(unknown.exit_code, 64);
    EXPECT_THAT(unknown.err, HasSubstr("no endpoint has the path '/nope'"));
    EXPECT_EQ(unknown.out, "");
    const command_result unclear = run_command({"send", "-c", config, "--dry-run", "task.completed"});
    EXPECT_EQ(unclear.exit_code, 64) << "as without --dry-run";
}

/// As no reason shows it: the key of a hook often stands there.
TEST(Send, DryRunShowsNoPathThatCameOutOfTheEnvironment) {
    const scratch_directory scratch;
    ::setenv("OUTREACHD_TEST_HOOK", "planted-key-of-a-hook", 1);
    const std::string config = scratch.file(
        "outreachd.yaml", "listen: {address: 127.0.0.1, tls: off}\n"
                          "endpoints: [{path: /webhooks/outreach, unsigned: accept}]\n"
                          "outreach: {auth: {type: token, token: a-token}}\n"
                          "store: {directory: " +
                              scratch.at("store") +
                              "}\n"
                              "handlers:\n"
                              "  hook:\n"
                              "    type: outreach\n"
                              "    steps:\n"
                              "      - {post: \"https://hooks.example.com/${OUTREACHD_TEST_HOOK}?a=b\"}\n"
                              "      - {post: \"https://hooks.example.com/open?a=b\"}\n"
                              "routes: [{match: \"*\", to: [hook]}]\n");
    const command_result result = run_command({"send", "-c", config, "--dry-run", "task.completed"});
    ::unsetenv("OUTREACHD_TEST_HOOK");
    EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
    EXPECT_THAT(result.out + result.err, testing::Not(HasSubstr("planted")));
    EXPECT_THAT(result.out, HasSubstr("    POST https://hooks.example.com  (step 1, not sent)\n"
                                      "    POST https://hooks.example.com/open?a=b  (step 2, not sent)\n"));
}

} // namespace
} // namespace outreachd::command_line
