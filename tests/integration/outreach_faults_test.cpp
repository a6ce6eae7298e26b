/// Everything that Outreach can answer wrongly, through the whole daemon: what becomes of the delivery, and
/// what the operator is told.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using sandbox::fault;
using sandbox::fault_kind;
using sandbox::running_sandbox;
using testing::HasSubstr;

struct fault_case {
    const char* name;
    fault what;
    const char* state;             ///< What becomes of the delivery.
    int attempts;                  ///< Waiting is none.
    std::vector<std::string> told; ///< What the story says, or of what is waited for the log.
};

void PrintTo(const fault_case& one, std::ostream* to) {
    *to << one.name;
}

constexpr const char* prospects = "/api/v2/prospects/*";
constexpr const char* tasks = "/api/v2/tasks";

fault answer(const char* path, unsigned status, std::string body = {},
             const char* type = "application/vnd.api+json") {
    return {.path = path,
            .kind = fault_kind::answer,
            .status = status,
            .headers = {{"Content-Type", type}},
            .body = std::move(body)};
}

std::string error_body(const char* id, const char* title, const char* detail, const char* pointer = nullptr) {
    return std::string{R"({"errors":[{"id":")"} + id + R"(","title":")" + title + R"(","detail":")" + detail +
           '"' + (pointer == nullptr ? "" : std::string{R"(,"source":{"pointer":")"} + pointer + R"("})") +
           "}]}";
}

std::vector<fault_case> cases() {
    fault limited = answer(prospects, 429, error_body("rateLimitExceeded", "Too Many Requests", "slow down"));
    limited.headers.emplace_back("Retry-After", "1");
    fault maintained =
        answer(prospects, 503, error_body("scheduledServerMaintenance", "Maintenance", "back soon"));
    maintained.headers.emplace_back("Retry-After", "1");
    fault redirected = answer(prospects, 302);
    redirected.headers.emplace_back("Location", "http://127.0.0.1:1/elsewhere");
    fault huge = answer(prospects, 200);
    huge.body_bytes = 50UL * 1024 * 1024;
    return {
        {"TheHourlyLimit",
         limited,
         "done",
         1,
         {"a handler's deliveries wait",
          "answered 429 rateLimitExceeded: Too Many Requests: slow down, until "}},
        {"AScopeThatIsMissing",
         answer(prospects, 403,
                error_body("unauthorizedOauthScope", "Unauthorized OAuth Scope", "prospects.read")),
         "dead",
         1,
         {"answered 403 unauthorizedOauthScope: Unauthorized OAuth Scope: prospects.read; the token lacks a "
          "scope: "
          "add it to outreach.auth.scopes and log in again"}},
        {"ARightThatTheUserLacks",
         answer(prospects, 403, error_body("unauthorizedRequest", "Unauthorized", "not yours")),
         "dead",
         1,
         {"answered 403 unauthorizedRequest: Unauthorized: not yours; the user whom the token stands for "
          "may not do this"}},
        {"ARecordThatIsGone",
         answer(prospects, 404, error_body("resourceNotFound", "Not Found", "no prospect")),
         "dead",
         1,
         {"answered 404 resourceNotFound: Not Found: no prospect"}},
        {"AMediaTypeThatIsRefused",
         answer(prospects, 415, error_body("unsupportedMediaType", "Unsupported Media Type", "no")),
         "dead",
         1,
         {"answered 415 unsupportedMediaType: Unsupported Media Type: no"}},
        {"AnAttributeThatIsRefused",
         answer(
             tasks, 422,
             error_body("validationError", "Validation Error", "Note is too long", "/data/attributes/note")),
         "dead",
         1,
         {"answered 422 validationError: Validation Error: Note is too long (/data/attributes/note)"}},
        {"AnErrorOfTheServer",
         answer(prospects, 500, "oops", "text/plain"),
         "done",
         2,
         {"answered 500: oops"}},
        {"AMaintenanceWithItsEnd",
         maintained,
         "done",
         1,
         {"a handler's deliveries wait",
          "answered 503 scheduledServerMaintenance: Maintenance: back soon, until "}},
        {"AServerThatIsDown",
         answer(prospects, 503, "<html>back soon</html>", "text/html"),
         "done",
         2,
         {"answered 503"}},
        {"AResetBeforeTheRequestWasRead",
         {.path = prospects, .kind = fault_kind::reset},
         "done",
         2,
         {"Recv failure: Connection reset by peer"}},
        {"AResetAfterAReadingRequest",
         {.path = prospects, .kind = fault_kind::reset, .carries_out = true},
         "done",
         2,
         {"Recv failure: Connection reset by peer"}},
        {"AResetAfterAWritingRequest",
         {.path = tasks, .kind = fault_kind::reset, .carries_out = true},
         "dead",
         1,
         {"the connection was lost before an answer came; whether it was done is not known; it may have been "
          "done, so it isn't repeated (on_unknown: retry would)"}},
        {"AStall", {.path = prospects, .delay = 6s}, "done", 2, {"no answer within"}},
        {"JsonThatEndsEarly",
         {.path = prospects, .kind = fault_kind::truncate},
         "done",
         2,
         {"answered 200 with JSON that breaks off, or with none"}},
        {"AnAnswerThatBreaksOff",
         {.path = prospects, .kind = fault_kind::break_off},
         "done",
         2,
         {"the answer broke off"}},
        {"HtmlInsteadOfJson",
         answer(prospects, 200, "<html>a proxy's page</html>", "text/html"),
         "done",
         2,
         {"answered 200 with a web page instead of JSON"}},
        {"FiftyMegabytes", huge, "dead", 1, {"answered 200 with more than 16 MiB"}},
        {"ARedirect",
         redirected,
         "dead",
         1,
         {"answered 302, a redirect to http://127.0.0.1:1", "redirects are not followed"}},
    };
}

/// A daemon whose handler reads a prospect, and writes a task for it.
class Faulty {
protected:
    void start(const std::string& auth) {
        configuration made;
        made.has_tls = false;
        made.handlers = "  follow-up:\n"
                        "    type: outreach\n"
                        "    timeout: 3s\n"
                        "    retry: {initial: 50ms, max: 2s, attempts: 5}\n"
                        "    steps:\n"
                        "      - {name: prospect, get: \"/prospects/${{ .data.id }}\"}\n"
                        "      - name: task\n"
                        "        post: /tasks\n"
                        "        body: {data: {type: task, attributes: {action: call, note: hello},"
                        " relationships: {prospect: {data: {type: prospect, id: \"${{ .data.id }}\"}},"
                        " owner: {data: {type: user, id: 1}}}}}\n";
        made.routes = "  - {match: \"*\", to: [follow-up]}\n";
        made.rest = "outreach: {base_url: \"" + outreach_.subject.base_url() + "\", auth: " + auth + "}\n";
        daemon_.configure(made);
        daemon_.start();
    }

    /// What became of an event, and all that is told of it.
    struct ending {
        std::string state;
        std::int64_t attempts = 0; ///< Of its one delivery.
        std::string told;
    };

    ending deliver() {
        const std::int64_t prospect = outreach_.make("prospects", "prospect", R"("firstName":"Ada")");
        const std::string file = daemon_.directory().at("event.json");
        std::ofstream{file} << R"({"data":{"type":"prospect","id":)" << prospect
                            << R"(},"meta":{"eventName":"prospect.created"}})";
        EXPECT_EQ(daemon_.command({"send", file}).exit_code, 0);
        EXPECT_TRUE(daemon_.drained());
        const auto listed =
            boost::json::parse(daemon_.command({"events", "list", "--limit", "1", "--json"}).out);
        const auto id = boost::json::value_to<std::string>(listed.at(0).at("id"));
        const auto story = boost::json::parse(daemon_.command({"events", "show", id, "--json"}).out);
        const auto& delivery = story.at("deliveries").at(0);
        return {boost::json::value_to<std::string>(delivery.at("state")),
                delivery.at("attempts").to_number<std::int64_t>(),
                daemon_.command({"events", "show", id}).out + daemon_.log()};
    }

    std::ptrdiff_t asked(std::string_view method, std::string_view target, unsigned status) const {
        const auto seen = outreach_.subject.requests();
        return std::ranges::count_if(seen, [&](const auto& one) {
            return one.method == method && one.target.starts_with(target) &&
                   (status == 0 || one.status == status);
        });
    }

    running_sandbox outreach_;
    daemon_under_test daemon_;
};

class OutreachFaults : public Faulty, public testing::TestWithParam<fault_case> {};

TEST_P(OutreachFaults, EndsAsItShould) {
    start(std::string{"{type: token, token: "} + sandbox::known_token + "}");
    outreach_.subject.inject(GetParam().what);
    const ending seen = deliver();
    EXPECT_EQ(seen.state, GetParam().state);
    EXPECT_EQ(seen.attempts, GetParam().attempts);
    for (const std::string& words : GetParam().told)
        EXPECT_THAT(seen.told, HasSubstr(words));
    EXPECT_LE(asked("POST", tasks, 0), 1) << "nothing that may have been done is done twice";
    EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);
}

INSTANTIATE_TEST_SUITE_P(Faults, OutreachFaults, testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string{tested.param.name}; });

class OutreachAccess : public Faulty, public testing::Test {
protected:
    void SetUp() override {
        start("{type: oauth, client_id: sandbox-client, client_secret: sandbox-secret, refresh_token: " +
              sandbox::known_refresh_token + "}");
        EXPECT_EQ(deliver().state, "done");
        EXPECT_EQ(asked("POST", "/oauth/token", 200), 1);
    }

    /// In which no token is asked for: Outreach gives one a minute (contract 7.9). `and_forget`: what else of
    /// the file isn't known any more.
    void let_a_minute_pass(std::string_view and_forget = {}) const {
        const std::string path = daemon_.directory().at("store/outreach-tokens.json");
        auto kept = boost::json::parse(read_file(path));
        EXPECT_EQ(kept.as_object().erase("no_grant_before"), 1U);
        if (!and_forget.empty()) {
            EXPECT_EQ(kept.as_object().erase(and_forget), 1U);
        }
        std::ofstream{path} << boost::json::serialize(kept);
    }
};

/// An access token can end before its time (contract 7.11): it is renewed, and nobody is told.
TEST_F(OutreachAccess, ATokenThatEndsInTheMiddleIsRenewed) {
    let_a_minute_pass();
    outreach_.subject.expire_access_tokens();
    const ending seen = deliver();
    EXPECT_EQ(seen.state, "done");
    EXPECT_EQ(seen.attempts, 1) << "the request is repeated, not the delivery";
    EXPECT_EQ(asked("GET", "/api/v2/prospects/", 401), 1);
    EXPECT_EQ(asked("POST", "/oauth/token", 200), 2) << "one renewal";
    EXPECT_EQ(asked("POST", tasks, 201), 2) << "one task for each";
}

/// An answer that nobody waits for would cost the login: the old token is dead once the new one is given.
TEST_F(OutreachAccess, AStopWaitsForATokenThatIsBeingRenewed) {
    EXPECT_EQ(daemon_.stop(), 0);
    let_a_minute_pass("expires_at");
    outreach_.subject.inject({.path = "/oauth/token", .delay = 3s});
    daemon_.start();
    ASSERT_TRUE(eventually([&] { return outreach_.subject.faults_left() == 0; })) << daemon_.log();
    EXPECT_EQ(daemon_.stop(), 0);
    EXPECT_EQ(asked("POST", "/oauth/token", 200), 2);
    daemon_.start();
    EXPECT_EQ(deliver().state, "done") << "with the token that was given";
    EXPECT_EQ(asked("POST", "/oauth/token", 200), 2);
}

/// One that is refused while another request is answered is no token's fault.
TEST_F(OutreachAccess, WhatIsRefusedByItselfIsDead) {
    outreach_.subject.inject({.path = prospects, .kind = fault_kind::answer, .status = 401});
    const ending seen = deliver();
    EXPECT_EQ(seen.state, "dead");
    EXPECT_EQ(seen.attempts, 1);
    EXPECT_THAT(seen.told, HasSubstr("; with the same token Outreach answers other requests"));
    EXPECT_EQ(asked("POST", "/oauth/token", 200), 1) << "no other is asked for";
    EXPECT_EQ(asked("POST", tasks, 0), 1) << "that of the first";
}

} // namespace
} // namespace outreachd::tests
