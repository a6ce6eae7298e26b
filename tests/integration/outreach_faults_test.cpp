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
    const char* state;  ///< What becomes of the delivery.
    const char* reason; ///< Of the attempt that failed; empty: none did.
};

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
    fault redirected = answer(prospects, 302);
    redirected.headers.emplace_back("Location", "http://127.0.0.1:1/elsewhere");
    fault huge = answer(prospects, 200);
    huge.body_bytes = 50UL * 1024 * 1024;
    return {
        {"TheHourlyLimit", limited, "done", ""},
        {"AScopeThatIsMissing",
         answer(prospects, 403,
                error_body("unauthorizedOauthScope", "Unauthorized OAuth Scope", "prospects.read")),
         "dead", "prospects.read"},
        {"ARecordThatIsGone",
         answer(prospects, 404, error_body("resourceNotFound", "Not Found", "no prospect")), "dead", "404"},
        {"AMediaTypeThatIsRefused",
         answer(prospects, 415, error_body("unsupportedMediaType", "Unsupported Media Type", "no")), "dead",
         "415"},
        {"AnAttributeThatIsRefused",
         answer(
             tasks, 422,
             error_body("validationError", "Validation Error", "Note is too long", "/data/attributes/note")),
         "dead", "/data/attributes/note"},
        {"AnErrorOfTheServer", answer(prospects, 500, "oops", "text/plain"), "done", "500"},
        {"Maintenance", answer(prospects, 503, "<html>back soon</html>", "text/html"), "done", ""},
        {"AResetBeforeTheRequestWasRead", {.path = prospects, .kind = fault_kind::reset}, "done", "GET"},
        {"AResetAfterAReadingRequest",
         {.path = prospects, .kind = fault_kind::reset, .carries_out = true},
         "done",
         "GET"},
        {"AResetAfterAWritingRequest",
         {.path = tasks, .kind = fault_kind::reset, .carries_out = true},
         "dead",
         "may have been done"},
        {"AStall", {.path = prospects, .delay = 3s}, "done", "GET"},
        {"JsonThatEndsEarly", {.path = prospects, .kind = fault_kind::truncate}, "done", "JSON"},
        {"AnAnswerThatBreaksOff", {.path = prospects, .kind = fault_kind::break_off}, "done", "GET"},
        {"HtmlInsteadOfJson", answer(prospects, 200, "<html>a proxy's page</html>", "text/html"), "done",
         "JSON"},
        {"FiftyMegabytes", huge, "dead", "MiB"},
        {"ARedirect", redirected, "dead", "302"},
    };
}

class OutreachFaults : public testing::TestWithParam<fault_case> {
protected:
    void SetUp() override {
        configuration made;
        made.has_tls = false;
        made.handlers = "  follow-up:\n"
                        "    type: outreach\n"
                        "    timeout: 1s\n"
                        "    retry: {initial: 50ms, max: 2s, attempts: 5}\n"
                        "    steps:\n"
                        "      - {name: prospect, get: \"/prospects/${{ .data.id }}\"}\n"
                        "      - name: task\n"
                        "        post: /tasks\n"
                        "        body: {data: {type: task, attributes: {action: call, note: hello},"
                        " relationships: {prospect: {data: {type: prospect, id: \"${{ .data.id }}\"}},"
                        " owner: {data: {type: user, id: 1}}}}}\n";
        made.routes = "  - {match: \"*\", to: [follow-up]}\n";
        made.rest = "outreach: {base_url: \"" + outreach_.subject.base_url() +
                    "\", auth: {type: token, token: " + sandbox::known_token + "}}\n";
        daemon_.configure(made);
        daemon_.start();
    }

    running_sandbox outreach_;
    daemon_under_test daemon_;
};

TEST_P(OutreachFaults, EndsAsItShould) {
    const std::int64_t prospect = outreach_.make("prospects", "prospect", R"("firstName":"Ada")");
    outreach_.subject.inject(GetParam().what);
    const std::string file = daemon_.directory().at("event.json");
    std::ofstream{file} << R"({"data":{"type":"prospect","id":)" << prospect
                        << R"(},"meta":{"eventName":"prospect.created"}})";
    ASSERT_EQ(daemon_.command({"send", file}).exit_code, 0);
    ASSERT_TRUE(daemon_.drained());
    const std::string events = daemon_.command({"events", "list", "--json"}).out;
    EXPECT_THAT(events, HasSubstr(std::string{R"("state":")"} + GetParam().state)) << events;
    const std::size_t at = events.find(R"("id":")") + 6;
    const std::string story = daemon_.command({"events", "show", events.substr(at, 36)}).out;
    EXPECT_THAT(story, HasSubstr(GetParam().reason));
    const auto seen = outreach_.subject.requests();
    EXPECT_LE(
        std::ranges::count_if(
            seen, [](const auto& one) { return one.method == "POST" && one.target == "/api/v2/tasks"; }),
        1)
        << "nothing that may have been done is done twice";
    EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);
}

INSTANTIATE_TEST_SUITE_P(Faults, OutreachFaults, testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string{tested.param.name}; });

} // namespace
} // namespace outreachd::tests
