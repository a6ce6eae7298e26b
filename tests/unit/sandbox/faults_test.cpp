/// What can be told to go wrong, and the server beneath.
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace outreachd::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

const header_list authorized{{"Authorization", "Bearer " + known_token},
                             {"Content-Type", "application/vnd.api+json"}};

http_answer get_tasks(running_sandbox& sandbox) {
    return sandbox.raw("GET", "/api/v2/tasks", {}, authorized);
}

void tell(running_sandbox& sandbox, const std::string& fault) {
    EXPECT_EQ(sandbox.control("POST", "faults", fault).status, 204U) << fault;
}

TEST(Fault, AppliesToSoManyRequestsThatMatch) {
    running_sandbox sandbox;
    tell(sandbox,
         R"({"do":"answer","status":503,"method":"GET","path":"/api/v2/tasks*","times":2,"skip":1})");
    EXPECT_EQ(sandbox.get("tasks").status, 200U); // Skipped.
    EXPECT_EQ(sandbox.get("accounts").status, 200U);
    EXPECT_EQ(sandbox.post("tasks/0/actions/advance").status, 404U);
    EXPECT_EQ(sandbox.get("tasks").status, 503U);
    EXPECT_EQ(sandbox.get("tasks/0").status, 503U);
    EXPECT_EQ(sandbox.get("tasks").status, 200U);
}

TEST(Fault, AnswersAsTold) {
    running_sandbox sandbox;
    tell(
        sandbox,
        R"({"do":"answer","status":503,"headers":{"Retry-After":"2026-11-26T00:00:00Z","Content-Type":"text/html"},)"
        R"("body":"<h1>Maintenance</h1>"})");
    const auto told = get_tasks(sandbox);
    EXPECT_EQ(told.status, 503U);
    EXPECT_EQ(told.headers.at("content-type"), "text/html");
    EXPECT_EQ(told.headers.at("retry-after"), "2026-11-26T00:00:00Z");
    EXPECT_EQ(told.body, "<h1>Maintenance</h1>");
}

TEST(Fault, AnswersWithManyBytesOrARedirect) {
    running_sandbox sandbox;
    tell(sandbox, R"({"do":"answer","status":200,"body":"[","body_bytes":5000000})");
    tell(sandbox, R"({"do":"answer","status":302,"headers":{"Location":"http://127.0.0.1:1/"}})");
    const auto large = get_tasks(sandbox);
    EXPECT_EQ(large.body.size(), 5'000'000U);
    EXPECT_THAT(large.body.substr(0, 3), "[xx");
    EXPECT_EQ(get_tasks(sandbox).headers.at("location"), "http://127.0.0.1:1/");
}

TEST(Fault, ResetsBeforeAnythingIsDone) {
    running_sandbox sandbox;
    tell(sandbox, R"({"do":"reset","method":"POST"})");
    const auto lost = sandbox.raw("POST", "/api/v2/tasks",
                                  R"({"data":{"type":"task","attributes":{"action":"call"}}})", authorized);
    EXPECT_EQ(lost.status, 0U);
    EXPECT_TRUE(lost.was_reset);
    EXPECT_EQ(sandbox.get("tasks").count(), 3U);
}

TEST(Fault, LosesTheAnswerOfWhatIsDone) { // 6.26
    running_sandbox sandbox;
    const std::string body = R"({"data":{"type":"task","attributes":{"action":"call"}}})";
    tell(sandbox, R"({"do":"reset","method":"POST","carry_out":true})");
    EXPECT_TRUE(sandbox.raw("POST", "/api/v2/tasks", body, authorized).was_reset);
    EXPECT_EQ(sandbox.get("tasks").count(), 4U);
    tell(sandbox, R"({"do":"answer","status":500,"method":"POST","carry_out":true})");
    EXPECT_EQ(sandbox.raw("POST", "/api/v2/tasks", body, authorized).status, 500U);
    EXPECT_EQ(sandbox.get("tasks").count(), 5U);
}

TEST(Fault, StallsAndThenAnswers) {
    running_sandbox sandbox;
    tell(sandbox, R"({"do":"stall","delay_ms":100})");
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(get_tasks(sandbox).status, 200U);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms);
}

TEST(Fault, StallsOneClientAlone) {
    running_sandbox sandbox;
    tell(sandbox, R"({"do":"stall","delay_ms":60000,"path":"/api/v2/tasks"})");
    EXPECT_EQ(sandbox.control("GET", "faults").text("/0/path"), "/api/v2/tasks");
    http_answer none{.status = 1};
    std::thread stalled{[&] { none = get_tasks(sandbox); }};
    EXPECT_TRUE(becomes_true([&] { return sandbox.subject.faults_left() == 0; }));
    EXPECT_EQ(sandbox.get("accounts").status, 200U);
    sandbox.subject.stop(); // Which doesn't wait for it.
    stalled.join();
    EXPECT_EQ(none.status, 0U);
}

TEST(Fault, TruncatesTheJson) {
    running_sandbox sandbox;
    const std::string whole = get_tasks(sandbox).body;
    tell(sandbox, R"({"do":"truncate"})");
    const auto cut = get_tasks(sandbox);
    EXPECT_FALSE(cut.is_cut);
    EXPECT_EQ(cut.body, whole.substr(0, whole.size() / 2));
}

TEST(Fault, BreaksTheAnswerOff) {
    running_sandbox sandbox;
    tell(sandbox, R"({"do":"break_off"})");
    const auto cut = get_tasks(sandbox);
    EXPECT_EQ(cut.status, 200U);
    EXPECT_TRUE(cut.is_cut);
    EXPECT_LT(cut.body.size(), std::stoul(cut.headers.at("content-length")));
}

TEST(Fault, CoversTheTokenEndpointToo) {
    running_sandbox sandbox;
    tell(sandbox, R"({"do":"answer","status":429,"path":"/oauth/token","body":"Retry later"})");
    EXPECT_EQ(sandbox.raw("POST", "/oauth/token", "x").status, 429U);
}

TEST(Fault, IsToldInCodeAndTakenBack) {
    running_sandbox sandbox;
    sandbox.subject.inject({.times = 10, .kind = fault_kind::answer, .status = 502});
    EXPECT_EQ(get_tasks(sandbox).status, 502U);
    sandbox.subject.clear_faults();
    EXPECT_EQ(get_tasks(sandbox).status, 200U);
    tell(sandbox, R"({"do":"answer"})");
    EXPECT_EQ(sandbox.control("DELETE", "faults").status, 204U);
    EXPECT_EQ(get_tasks(sandbox).status, 200U);
}

TEST(Fault, ThatCannotBeMeantIsRefused) {
    running_sandbox sandbox;
    for (const char* const bad :
         {"{", "[]", "{}", R"({"do":"explode"})", R"({"do":"reset","tmies":2})",
          R"({"do":"reset","times":0})", R"({"do":"reset","times":-1})", R"({"do":"answer","status":99})",
          R"({"do":"answer","headers":[]})", R"({"do":"answer","body_bytes":268435457})"})
        EXPECT_EQ(sandbox.control("POST", "faults", bad).status, 400U) << bad;
}

TEST(FaultBook, GlobsTakeAnyText) {
    for (const auto& [glob, text] : {std::pair{"/a/*", "/a/b/c"},
                                     {"*", ""},
                                     {"*/tasks", "/api/v2/tasks"},
                                     {"/a*b*c", "/axxbyybzc"},
                                     {"/a", "/a"}})
        EXPECT_TRUE(matches_glob(glob, text)) << glob;
    for (const auto& [glob, text] :
         {std::pair{"/a/*", "/b/c"}, {"", "x"}, {"/a", "/ab"}, {"*/tasks", "/tasks/1"}, {"/a*b", "/abc"}})
        EXPECT_FALSE(matches_glob(glob, text)) << glob;
}

TEST(Requests, AreListed) {
    running_sandbox sandbox;
    get_tasks(sandbox);
    sandbox.get("nothing?a=b");
    sandbox.subject.inject({.kind = fault_kind::reset});
    get_tasks(sandbox);
    const json_reply list = sandbox.control("GET", "requests");
    ASSERT_EQ(list.count(""), 3U);
    EXPECT_EQ(list.text("/0/method"), "GET");
    EXPECT_EQ(list.text("/0/target"), "/api/v2/tasks");
    EXPECT_EQ(list.number("/0/status"), 200);
    EXPECT_EQ(list.text("/1/target"), "/api/v2/nothing?a=b");
    EXPECT_EQ(list.number("/1/status"), 404);
    EXPECT_EQ(list.number("/2/status"), 0);
    EXPECT_EQ(sandbox.subject.requests().size(), 3U);
}

TEST(SandboxServer, ListensOnLoopbackOnly) {
    log::logger log{log::level::error, log::format::text};
    for (const char* const address : {"0.0.0.0", "::", "192.0.2.1", "localhost", ""}) {
        options configured = quick_options();
        configured.address = address;
        EXPECT_THROW((server{configured, log}), std::invalid_argument) << address;
    }
    for (const char* const address : {"127.0.0.1", "127.0.0.2"}) {
        options configured = quick_options();
        configured.address = address;
        server subject{configured, log};
        subject.start();
        EXPECT_THAT(subject.base_url(), StartsWith("http://127.0.0."));
    }
}

TEST(SandboxServer, NamesThePortThatIsTaken) {
    running_sandbox first;
    options configured = quick_options();
    configured.port = first.subject.port();
    server second{configured, first.log};
    try {
        second.start();
        FAIL() << "it started";
    } catch (const std::runtime_error& why) {
        EXPECT_THAT(why.what(), HasSubstr(std::to_string(configured.port)));
    }
}

TEST(SandboxServer, RefusesWhatIsNoHttp) {
    running_sandbox sandbox;
    EXPECT_EQ(sandbox.raw("GET", "/api/v2 nonsense").status, 400U);
    EXPECT_EQ(sandbox.raw("GET", "/api/v2", {}, {{"X-Long", std::string(70'000, 'x')}}).status, 431U);
}

TEST(SandboxServer, StopsWithWorkUnderWay) {
    std::atomic<int> under_way = 0;
    std::atomic<bool> is_over = false;
    test_servers::scripted_server receiver{[&](const test_servers::recorded_request&) {
        ++under_way;
        while (!is_over)
            std::this_thread::sleep_for(1ms);
        return test_servers::scripted_answer{};
    }};
    running_sandbox sandbox;
    const std::string url = "http://127.0.0.1:" + std::to_string(receiver.port()) + "/";
    for (int made = 0; made < 20; ++made)
        sandbox.make("webhooks", "webhook", R"("url":")" + url + R"(","resource":"account")");
    sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_TRUE(becomes_true([&] { return under_way > 0; }));
    const auto begun = std::chrono::steady_clock::now();
    sandbox.subject.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s) << "Outreach itself would wait for 5 s";
    sandbox.subject.stop();
    is_over = true;
}

} // namespace
} // namespace outreachd::sandbox
