/// Contract sections 6 and 8: what is the same for every resource, beside lists.
#include "tests/unit/sandbox/five_accounts.hpp"

#include <gmock/gmock.h>

namespace outreachd::sandbox {
namespace {

using testing::HasSubstr;

TEST(MediaType, IsAskedForOnEveryRequest) { // 6.2, 6.28
    running_sandbox sandbox;
    for (const char* const type : {"", "application/json", "text/plain"}) {
        for (const char* const method : {"GET", "POST"}) {
            const auto refused = running_sandbox::to_json(
                sandbox.raw(method, "/api/v2/tasks", {},
                            {{"Authorization", "Bearer " + known_token}, {"Content-Type", type}}));
            EXPECT_EQ(refused.status, 415U) << type;
            EXPECT_EQ(refused.text("/errors/0/id"), "unsupportedMediaType");
            EXPECT_FALSE(refused.text("/errors/0/details").empty());
        }
    }
    const auto taken = sandbox.raw("GET", "/api/v2/tasks", {},
                                   {{"Authorization", "Bearer " + known_token},
                                    {"Content-Type", "application/vnd.api+json; charset=utf-8"}});
    EXPECT_EQ(taken.status, 200U);
    EXPECT_EQ(taken.headers.at("content-type"), "application/vnd.api+json"); // 6.3
}

TEST(Create, AnswersWithTheWholeResource) { // 6.21, 6.25, 6.31
    running_sandbox sandbox;
    const json_reply made =
        sandbox.post("accounts", R"({"data":{"type":"account","attributes":{"name":"A"}}})");
    EXPECT_EQ(made.status, 201U);
    EXPECT_TRUE(made.at("/data/id").is_int64());
    EXPECT_TRUE(made.at("/data/attributes/domain").is_null());
    EXPECT_THAT(made.text("/data/attributes/createdAt"), testing::EndsWith("Z"));
    EXPECT_EQ(made.text("/data/attributes/createdAt").size(), 24U);
    EXPECT_EQ(made.number("/data/relationships/creator/data/id"), 1);
}

TEST(Create, IsHeldAgainstTheType) { // 6.21, 6.24, 6.25, 6.29
    running_sandbox sandbox;

    const struct {
        const char* plural;
        const char* body;
        unsigned status;
        const char* pointer;
    } cases[]{
        {"accounts", R"({"data":{"type":"account","id":7,"attributes":{"name":"A"}}})", 422, "/data/id"},
        {"accounts", R"({"data":{"type":"prospect","attributes":{"name":"A"}}})", 422, "/data/type"},
        {"accounts", R"({"data":{"type":"account"}})", 422, "/data/attributes/name"},
        {"accounts", R"({"data":{"type":"account","attributes":{"name":""}}})", 422, "/data/attributes/name"},
        {"accounts", R"({"data":{"type":"account","attributes":{"name":"A","nonsense":1}}})", 422,
         "/data/attributes/nonsense"},
        {"accounts",
         R"({"data":{"type":"account","attributes":{"name":"A","createdAt":"2020-01-01T00:00:00Z"}}})", 422,
         "/data/attributes/createdAt"},
        {"accounts", R"({"data":{"type":"account","attributes":{"name":"A","numberOfEmployees":"ten"}}})",
         422, "/data/attributes/numberOfEmployees"},
        {"accounts",
         R"({"data":{"type":"account","attributes":{"name":"A"},"relationships":{"prospects":{"data":[]}}}})",
         422, "/data/relationships/prospects"},
        {"accounts",
         R"({"data":{"type":"account","attributes":{"name":"A"},"relationships":{"owner":{"data":{"type":"user","id":99}}}}})",
         422, "/data/relationships/owner"},
        {"accounts",
         R"({"data":{"type":"account","attributes":{"name":"A"},"relationships":{"owner":{"data":{"type":"owner","id":1}}}}})",
         422, "/data/relationships/owner"},
        {"sequenceSteps", R"({"data":{"type":"sequenceStep","attributes":{"stepType":"call"}}})", 422,
         "/data/relationships/sequence"},
    };

    for (const auto& each : cases) {
        const json_reply refused = sandbox.post(each.plural, each.body);
        EXPECT_EQ(refused.status, each.status) << each.body;
        EXPECT_EQ(refused.text("/errors/0/source/pointer"), each.pointer) << each.body;
        EXPECT_EQ(refused.text("/errors/0/id"), "validationError");
    }
    EXPECT_EQ(sandbox.post("accounts", "{").status, 400U);
    EXPECT_EQ(sandbox.post("accounts", "{}").status, 422U);
}

TEST(Create, TwiceMakesTwo) { // 6.26
    running_sandbox sandbox{no_records()};
    sandbox.make("accounts", "account", R"("name":"A")");
    sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_EQ(sandbox.get("accounts").count(), 2U);
}

TEST(Update, ChangesWhatIsGiven) { // 6.22
    five_accounts sandbox;
    const std::string id = std::to_string(sandbox.ids[0]);
    const json_reply changed =
        sandbox.patch("accounts/" + id, R"({"data":{"type":"account","id":)" + id +
                                            R"(,"attributes":{"domain":"a.example"}}})");
    EXPECT_EQ(changed.status, 200U);
    EXPECT_EQ(changed.text("/data/attributes/domain"), "a.example");
    EXPECT_EQ(changed.text("/data/attributes/name"), "Alpha");
    const json_reply unlinked =
        sandbox.patch("accounts/" + id, R"({"data":{"type":"account","id":)" + id +
                                            R"(,"relationships":{"owner":{"data":null}}}})");
    EXPECT_TRUE(unlinked.at("/data/relationships/owner/data").is_null());
}

TEST(Update, NeedsTypeAndIdOfTheUrl) { // 6.22
    five_accounts sandbox;
    const std::string path = "accounts/" + std::to_string(sandbox.ids[0]);
    EXPECT_EQ(sandbox.patch(path, R"({"data":{"type":"account","attributes":{"name":"X"}}})").status, 422U);
    EXPECT_EQ(sandbox.patch(path, R"({"data":{"type":"account","id":1,"attributes":{"name":"X"}}})").status,
              422U);
    EXPECT_EQ(sandbox.patch("accounts/1", R"({"data":{"type":"account","id":1}})").status, 404U);
}

TEST(Write, DoesNotInclude) { // 6.14
    running_sandbox sandbox;
    const json_reply made = sandbox.post("accounts?include=owner&fields[account]=name",
                                         R"({"data":{"type":"account","attributes":{"name":"A"}}})");
    EXPECT_FALSE(made.body.as_object().contains("included"));
    EXPECT_EQ(made.at("/data/attributes").as_object().size(), 1U);
}

TEST(Delete, AnswersWithNothing) { // 6.23
    five_accounts sandbox;
    const std::string path = "accounts/" + std::to_string(sandbox.ids[0]);
    const auto gone = sandbox.ask("DELETE", path);
    EXPECT_EQ(gone.status, 204U);
    EXPECT_FALSE(gone.headers.contains("content-length"));
    const json_reply missing = sandbox.get(path);
    EXPECT_EQ(missing.status, 404U);
    EXPECT_EQ(missing.text("/errors/0/id"), "resourceNotFound");
}

TEST(Delete, UnlinksWhatLedThere) {
    five_accounts sandbox;
    const std::int64_t prospect =
        sandbox.make("prospects", "prospect", {}, link_to("account", "account", sandbox.ids[0]));
    sandbox.ask("DELETE", "accounts/" + std::to_string(sandbox.ids[0]));
    EXPECT_TRUE(sandbox.get("prospects/" + std::to_string(prospect))
                    .at("/data/relationships/account/data")
                    .is_null());
}

TEST(Paths, ThatAreNotThereAreNotFound) { // 6.29
    running_sandbox sandbox;
    for (const char* const path : {"nothing", "accounts/0", "accounts/x", "accounts/1/2/3/4", "imports"})
        EXPECT_EQ(sandbox.get(path).status, 404U) << path;
    EXPECT_EQ(sandbox.raw("GET", "/elsewhere").status, 404U);
}

TEST(Methods, OfATypeAreThoseOfTheContract) { // 11.3, 11.11, 11.16, 11.17, 11.19, 11.22
    running_sandbox sandbox;
    for (const auto& [method, path] : {std::pair{"PATCH", "calls/1"},
                                       {"PATCH", "sequenceStates/1"},
                                       {"DELETE", "sequenceSteps/1"},
                                       {"DELETE", "users/1"},
                                       {"PATCH", "mailings/1"},
                                       {"DELETE", "mailings/1"},
                                       {"POST", "events"},
                                       {"POST", "batches"}})
        EXPECT_EQ(sandbox.ask(method, path, "{}").status, 404U) << method << path;
}

TEST(Action, RefusesParametersItDoesNotTake) { // 6.27
    running_sandbox sandbox;
    const std::string path =
        "tasks/" + std::to_string(sandbox.get("tasks").number("/data/0/id")) + "/actions/";
    EXPECT_EQ(sandbox.post(path + "snooze?actionParams[nonsense]=1").status, 400U);
    EXPECT_EQ(sandbox.post(path + "reschedule").status, 422U);
    EXPECT_EQ(sandbox.post(path + "nonsense").status, 404U);
    EXPECT_EQ(sandbox.post(path + "markComplete").status, 200U);
    EXPECT_EQ(sandbox.post(path + "markComplete").status, 422U);
}

TEST(RateLimit, IsToldOnEveryAnswer) { // 8.1, 8.2, 8.3
    running_sandbox sandbox;
    for (const char* const path : {"tasks", "nothing", "tasks?sort=nothing"}) {
        const auto headers = sandbox.get(path).headers;
        EXPECT_EQ(headers.at("x-ratelimit-limit"), "10000") << path;
        EXPECT_GT(std::stoll(headers.at("x-ratelimit-reset")), 1'700'000'000) << path;
    }
    EXPECT_EQ(sandbox.get("tasks").headers.at("x-ratelimit-remaining"), "9996");
}

TEST(RateLimit, RefusesWhatIsOverIt) { // 8.4
    options configured = quick_options();
    configured.limit = 2;
    running_sandbox sandbox{configured};
    sandbox.get("tasks");
    EXPECT_EQ(sandbox.get("tasks").headers.at("x-ratelimit-remaining"), "0");
    const json_reply refused = sandbox.get("tasks");
    EXPECT_EQ(refused.status, 429U);
    EXPECT_EQ(refused.text("/errors/0/id"), "rateLimitExceeded");
    EXPECT_THAT(refused.text("/errors/0/detail"), HasSubstr("limit of 2"));
    EXPECT_EQ(refused.headers.at("retry-after"), refused.headers.at("x-ratelimit-reset"));
}

TEST(RateLimit, BeginsAnewWithEachWindow) { // 8.1
    options configured = quick_options();
    configured.limit = 1;
    configured.limit_window = 100ms;
    running_sandbox sandbox{configured};
    sandbox.get("tasks");
    EXPECT_TRUE(becomes_true([&] { return sandbox.get("tasks").status == 200; }));
}

TEST(RateLimit, CanBeSet) {
    running_sandbox sandbox;
    EXPECT_EQ(sandbox.control("POST", "limit", R"({"remaining":1,"reset_in_ms":60000})").status, 204U);
    EXPECT_EQ(sandbox.get("tasks").status, 200U);
    EXPECT_EQ(sandbox.get("tasks").status, 429U);
    sandbox.subject.set_limit(1, 60s);
    EXPECT_EQ(sandbox.get("tasks").status, 200U);
}

} // namespace
} // namespace outreachd::sandbox
