/// Contract 6.5 to 6.20: lists, filtered, sorted, page by page.
#include "tests/unit/sandbox/five_accounts.hpp"

#include <gmock/gmock.h>

#include <set>

namespace outreachd::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

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

} // namespace
} // namespace outreachd::sandbox
