#include "handlers/outreach/query.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace outreachd::handlers::outreach {
namespace {

using std::nullopt;

const std::vector<std::string> two_ids{"1", "2"};

TEST(Query, WritesFiltersInTheOldSyntax) {
    EXPECT_EQ(query{}.equals("name", "A&B = ünï").text(), "filter[name]=A%26B%20%3D%20%C3%BCn%C3%AF");
    EXPECT_EQ(query{}.any_of("id", two_ids).text(), "filter[id]=1,2");
    EXPECT_EQ(query{}.between("id", "5", "10").text(), "filter[id]=5..10");
    EXPECT_EQ(query{}.between("id", nullopt, "10").text(), "filter[id]=neginf..10");
    EXPECT_EQ(query{}.since("updatedAt", *parse_timestamp("2026-11-21T08:22:55.123Z")).text(),
              "filter[updatedAt]=2026-11-21T08%3A22%3A55.123Z..inf");
    EXPECT_EQ(query{}.is_null("dueAt").is_not_null("note").text(),
              "filter[dueAt]=__null__&filter[note]=__notnull__");
    EXPECT_EQ(query{}.related("account", two_ids).text(), "filter[account][id]=1,2");
}

TEST(Query, WritesFiltersInTheNewSyntax) {
    const auto modern = [] { return query{filter_syntax::modern}; };
    EXPECT_EQ(modern().any_of("name", std::vector<std::string>{"a,b", "c..d"}).text(),
              "newFilterSyntax=true&filter[name][]=a%2Cb&filter[name][]=c..d");
    EXPECT_EQ(modern().between("updatedAt", "2026", "2027").text(),
              "newFilterSyntax=true&filter[updatedAt][gte]=2026&filter[updatedAt][lte]=2027");
    EXPECT_EQ(modern().between("updatedAt", "2026", nullopt).text(),
              "newFilterSyntax=true&filter[updatedAt][gte]=2026");
    EXPECT_EQ(modern().related("account", two_ids).text(),
              "newFilterSyntax=true&filter[account][id][]=1&filter[account][id][]=2");
    EXPECT_FALSE(modern().has_filter());
}

TEST(Query, WritesEverythingElse) {
    EXPECT_EQ(
        query{}.sort("-updatedAt,id").include("account.owner,stage").fields("user", "name,email").text(),
        "sort=-updatedAt,id&include=account.owner,stage&fields[user]=name,email");
    EXPECT_EQ(query{}.page_size(100).count().text(), "page[size]=100&count=true");
    EXPECT_EQ(query{}.page_offset(200, 50).text(), "page[offset]=200&page[limit]=50");
    EXPECT_EQ(query{}.action("confirmedCount", "12").text(), "actionParams[confirmedCount]=12");
    EXPECT_EQ(query{}.add("odd name&", "v#?").text(), "odd%20name%26=v%23%3F");
    EXPECT_EQ(query{}.text(), "");
}

TEST(Query, WritesFiltersOfBulkActionsWithBrackets) {
    query batch = query::for_batch();
    EXPECT_FALSE(batch.has_filter());
    batch.action("skipConfirmation", "true");
    EXPECT_FALSE(batch.has_filter());
    EXPECT_FALSE(has_batch_filter(batch.text()));
    batch.any_of("id", two_ids).related("owner", "123");
    EXPECT_EQ(batch.text(), "actionParams[skipConfirmation]=true&actionParams[filter][id][]=1&"
                            "actionParams[filter][id][]=2&actionParams[filter][owner][id]=123");
    EXPECT_TRUE(batch.has_filter());
}

TEST(Query, KnowsAFilterThatABulkActionHeeds) {
    EXPECT_TRUE(has_batch_filter("actionParams[filter][id][]=1"));
    EXPECT_TRUE(has_batch_filter("a=b&actionParams%5Bfilter%5d%5Bid%5D=1"));
    for (const char* text : {"", "filter[id]=1", "actionParams[filter]=1", "actionParams[filter][id]=",
                             "xactionParams[filter][id]=1", "a=actionParams[filter][id]=1", "%5", "&&"})
        EXPECT_FALSE(has_batch_filter(text)) << text;
}

TEST(Query, RefusesAFilterWithoutAValue) {
    EXPECT_THROW(query{}.any_of("id", {}), std::invalid_argument);
    EXPECT_EQ(query{}.between("id", nullopt, nullopt).text(), "");
}

TEST(Query, JoinsPathAndQuery) {
    EXPECT_EQ(with_query("/tasks", "a=1"), "/tasks?a=1");
    EXPECT_EQ(with_query("/tasks?b=2", "a=1"), "/tasks?b=2&a=1");
    EXPECT_EQ(with_query("/tasks", ""), "/tasks");
}

} // namespace
} // namespace outreachd::handlers::outreach
