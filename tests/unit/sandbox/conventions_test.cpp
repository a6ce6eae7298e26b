/// Contract sections 6 and 8: what is the same for every resource.
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>

#include <set>

namespace outreachd::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

options no_records() {
    options configured = quick_options();
    configured.is_empty = true;
    return configured;
}

/// Five accounts, with customId `1` to `5`; none in one.
struct five_accounts : running_sandbox {
    five_accounts() : running_sandbox(no_records()) {
        const char* const rows[]{R"("name":"Alpha","customId":"1","numberOfEmployees":10,"tags":["a","b"])",
                                 R"("name":"Beta","customId":"2","numberOfEmployees":20)",
                                 R"("name":"Gamma, Inc.","customId":"3","numberOfEmployees":30,"named":true)",
                                 R"("name":"Delta","customId":"4","numberOfEmployees":40,"tags":["b"])",
                                 R"("name":"Epsilon","customId":"5")"};
        for (const char* const row : rows)
            ids.push_back(make("accounts", "account", row));
    }

    std::vector<std::string> found(const std::string& query) {
        const json_reply list = get("accounts?" + query);
        EXPECT_EQ(list.status, 200U) << query << json::serialize(list.body);
        std::vector<std::string> customs;
        if (list.status == 200) {
            for (const json::value& each : list.at("/data").as_array())
                customs.push_back(json::value_to<std::string>(each.at_pointer("/attributes/customId")));
        }
        return customs;
    }

    std::vector<std::int64_t> ids;
};

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

TEST(Filter, SelectsByValueListAndRange) { // 6.5
    five_accounts sandbox;
    EXPECT_THAT(sandbox.found("filter[name]=Beta"), ElementsAre("2"));
    EXPECT_THAT(sandbox.found("filter[name]=Beta,Delta"), ElementsAre("2", "4"));
    EXPECT_THAT(sandbox.found("filter[numberOfEmployees]=20..30"), ElementsAre("2", "3"));
    EXPECT_THAT(sandbox.found("filter[numberOfEmployees]=neginf..20"), ElementsAre("1", "2"));
    EXPECT_THAT(sandbox.found("filter[numberOfEmployees]=30..inf"), ElementsAre("3", "4"));
    EXPECT_THAT(sandbox.found("filter[named]=true"), ElementsAre("3"));
    EXPECT_THAT(sandbox.found("filter[tags]=b"), ElementsAre("1", "4"));
    EXPECT_THAT(
        sandbox.found("filter[id]=" + std::to_string(sandbox.ids[1]) + "," + std::to_string(sandbox.ids[4])),
        ElementsAre("2", "5"));
    EXPECT_THAT(sandbox.found("filter[numberOfEmployees]=20..inf&filter[tags]=b"), ElementsAre("4"));
    EXPECT_THAT(sandbox.found("filter[createdAt]=2020-01-01..inf"), ElementsAre("1", "2", "3", "4", "5"));
    EXPECT_THAT(sandbox.found("filter[updatedAt]=neginf..2020-01-01T00:00:00Z"), IsEmpty());
    // A comma is a list in the old syntax, so that name can't be found.
    EXPECT_THAT(sandbox.found("filter[name]=Gamma,%20Inc."), IsEmpty());
}

TEST(Filter, SelectsNullAndNotNull) { // 6.6
    five_accounts sandbox;
    EXPECT_THAT(sandbox.found("filter[numberOfEmployees]=__null__"), ElementsAre("5"));
    EXPECT_THAT(sandbox.found("filter[numberOfEmployees]=__notnull__"), ElementsAre("1", "2", "3", "4"));
    EXPECT_THAT(sandbox.found("newFilterSyntax=true&filter[numberOfEmployees]=__null__"), ElementsAre("5"));
}

TEST(Filter, SelectsByRelationshipIdOnly) { // 6.7
    five_accounts sandbox;
    const auto id = std::to_string(sandbox.ids[0]);
    sandbox.make("prospects", "prospect", R"("firstName":"Ada")",
                 link_to("account", "account", sandbox.ids[0]));
    sandbox.make("prospects", "prospect", R"("firstName":"Bea")");
    EXPECT_EQ(sandbox.get("prospects?filter[account][id]=" + id).count(), 1U);
    EXPECT_EQ(sandbox.get("prospects?filter[account][id]=" + id + ",17").count(), 1U);
    EXPECT_EQ(sandbox.get("prospects?filter[account][id]=__null__").count(), 1U);
    EXPECT_EQ(sandbox.get("prospects?filter[account][name]=Alpha").status, 422U);
}

TEST(Filter, NewSyntaxTakesCommasAndDotsLiterally) { // 6.8
    five_accounts sandbox;
    const std::string is_new = "newFilterSyntax=true&";
    EXPECT_THAT(sandbox.found(is_new + "filter[name]=Gamma,%20Inc."), ElementsAre("3"));
    EXPECT_THAT(sandbox.found(is_new + "filter[name][]=Alpha&filter[name][]=Gamma,%20Inc."),
                ElementsAre("1", "3"));
    EXPECT_THAT(sandbox.found(is_new + "filter[numberOfEmployees][gte]=20&filter[numberOfEmployees][lte]=30"),
                ElementsAre("2", "3"));
    EXPECT_THAT(sandbox.found(is_new + "filter[updatedAt][gte]=2020-01-01T00:00:00.000Z").size(), 5U);
    EXPECT_EQ(sandbox.get("accounts?filter[numberOfEmployees][gte]=20").status, 422U); // Not in the old one.
    EXPECT_EQ(sandbox.get("accounts?" + is_new + "filter[numberOfEmployees]=20..30").status, 422U);
}

TEST(Filter, PrefixSearchIsForAccountsAndProspects) { // 6.9
    five_accounts sandbox;
    EXPECT_THAT(sandbox.found("filter[q]=gam"), ElementsAre("3"));
    EXPECT_EQ(sandbox.get("tasks?filter[q]=a").status, 422U);
}

TEST(Filter, RefusesWhatCannotBeFilteredBy) { // 6.10
    running_sandbox sandbox;
    for (const char* const query : {"webhooks?filter[url]=x", "webhooks?filter[authorizer][id]=1",
                                    "accounts?filter[nothing]=x", "accounts?filter[prospects][id]=1",
                                    "accounts?filter[numberOfEmployees]=many", "accounts?filter=x"}) {
        const json_reply refused = sandbox.get(query);
        EXPECT_EQ(refused.status, 422U) << query;
        EXPECT_EQ(refused.text("/errors/0/id"), "validationError") << query;
    }
}

TEST(Sort, OrdersBySeveralAttributes) { // 6.11
    five_accounts sandbox;
    EXPECT_THAT(sandbox.found("sort=-name"), ElementsAre("3", "5", "4", "2", "1"));
    EXPECT_THAT(sandbox.found("sort=named,-numberOfEmployees"), ElementsAre("5", "4", "2", "1", "3"));
    EXPECT_THAT(sandbox.found("sort=-id"), ElementsAre("5", "4", "3", "2", "1"));
    EXPECT_EQ(sandbox.get("prospects?sort=account.name").status, 422U);
}

TEST(Include, FollowsPathsAndShowsEachOnce) { // 6.12
    running_sandbox sandbox;
    const json_reply list = sandbox.get("prospects?include=account.owner,stage");
    std::multiset<std::string> types;
    for (const json::value& each : list.at("/included").as_array())
        types.insert(json::value_to<std::string>(each.at("type")));
    EXPECT_THAT(types, UnorderedElementsAre("account", "user", "stage"));
    EXPECT_EQ(sandbox.get("accounts?include=prospects").count("/included"), 3U);
    EXPECT_EQ(sandbox.get("prospects?include=nothing").status, 422U);
    const std::string one = sandbox.get("prospects").text("/data/0/links/self");
    EXPECT_EQ(sandbox.get(one.substr(one.find("/api")) + "?include=account").count("/included"), 1U);
}

TEST(Fields, TrimAttributesAndRelationshipsByType) { // 6.13
    running_sandbox sandbox;
    const json_reply list =
        sandbox.get("prospects?include=owner&fields[prospect]=firstName,owner&fields[user]=email");
    const auto& first = list.at("/data/0");
    EXPECT_EQ(first.at("attributes").as_object().size(), 1U);
    EXPECT_EQ(first.at("relationships").as_object().size(), 1U);
    EXPECT_EQ(list.at("/included/0/attributes").as_object().size(), 1U);
}

TEST(Fields, ContactHistogramIsShownOnRequest) { // 6.15
    running_sandbox sandbox;
    EXPECT_FALSE(sandbox.get("prospects").at("/data/0/attributes").as_object().contains("contactHistogram"));
    EXPECT_TRUE(sandbox.get("prospects?fields[prospect]=contactHistogram")
                    .at("/data/0/attributes")
                    .as_object()
                    .contains("contactHistogram"));
}

/// The customIds of all pages, in order, by following `links.next`.
std::vector<std::vector<std::string>> pages(five_accounts& sandbox, std::string target) {
    std::vector<std::vector<std::string>> all;
    while (!target.empty()) {
        const json_reply page = sandbox.get(target);
        auto& customs = all.emplace_back();
        for (const json::value& each : page.at("/data").as_array())
            customs.push_back(json::value_to<std::string>(each.at_pointer("/attributes/customId")));
        const json::value* const next = page.at("/links").as_object().if_contains("next");
        target = next == nullptr ? std::string{} : json::value_to<std::string>(*next);
        EXPECT_TRUE(target.empty() || target.starts_with(sandbox.subject.base_url())) << target;
        target = target.substr(std::min(target.size(), target.find("/api/")));
    }
    return all;
}

TEST(Paging, CursorLeadsThroughAll) { // 6.16
    five_accounts sandbox;
    EXPECT_THAT(pages(sandbox, "accounts?page[size]=2&sort=-numberOfEmployees"),
                ElementsAre(ElementsAre("5", "4"), ElementsAre("3", "2"), ElementsAre("1")));
    EXPECT_THAT(pages(sandbox, "accounts?page[size]=5"), ElementsAre(ElementsAre("1", "2", "3", "4", "5")));
    EXPECT_THAT(pages(sandbox, "accounts?filter[tags]=b&page[size]=1"),
                ElementsAre(ElementsAre("1"), ElementsAre("4")));
}

TEST(Paging, CursorGoesBackToo) { // 6.16
    five_accounts sandbox;
    const auto follow = [&](const json_reply& page, const char* link) {
        const std::string to = page.text(std::string{"/links/"} + link);
        return sandbox.get(to.substr(to.find("/api/")));
    };
    const json_reply first = sandbox.get("accounts?page[size]=2");
    EXPECT_FALSE(first.at("/links").as_object().contains("prev"));
    const json_reply third = follow(follow(first, "next"), "next");
    EXPECT_EQ(third.text("/data/0/attributes/customId"), "5");
    EXPECT_EQ(follow(third, "prev").text("/data/0/attributes/customId"), "3");
    EXPECT_EQ(follow(third, "first").text("/data/0/attributes/customId"), "1");
    EXPECT_EQ(sandbox.get("accounts?page[after]=nonsense").status, 422U);
}

TEST(Paging, OffsetHasBounds) { // 6.17
    five_accounts sandbox;
    const json_reply page = sandbox.get("accounts?page[offset]=2&page[limit]=2");
    EXPECT_EQ(page.text("/data/0/attributes/customId"), "3");
    for (const char* const link : {"first", "prev", "next", "last"})
        EXPECT_TRUE(page.at("/links").as_object().contains(link)) << link;
    EXPECT_EQ(sandbox.get("accounts?page[offset]=10000").status, 200U);
    EXPECT_EQ(sandbox.get("accounts?page[offset]=10001").status, 422U);
    EXPECT_EQ(sandbox.get("accounts?page[limit]=1000").status, 200U);
    EXPECT_EQ(sandbox.get("accounts?page[limit]=1001").status, 422U);
}

TEST(Paging, DefaultIsFifty) { // 6.18
    running_sandbox sandbox{no_records()};
    for (int made = 0; made < 51; ++made)
        sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_EQ(sandbox.get("accounts").count(), 50U);
}

TEST(Counting, IsOffUnlessAskedFor) { // 6.19
    five_accounts sandbox;
    EXPECT_FALSE(sandbox.get("accounts").body.as_object().contains("meta"));
    const json_reply counted = sandbox.get("accounts?count=true&page[size]=2");
    EXPECT_EQ(counted.number("/meta/count"), 5);
    EXPECT_FALSE(counted.at("/meta/count_truncated").as_bool());
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
