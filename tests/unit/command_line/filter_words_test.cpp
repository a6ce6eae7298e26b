/// Filters as they are typed, and as Outreach gets them.
#include "daemon/command_line/filter_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::command_line {
namespace {

using handlers::outreach::query;

std::string words_of(const std::vector<std::string>& words) {
    query made;
    const std::string problem = add_filters(made, filter_use::list, words);
    return problem.empty() ? made.text() : "refused: " + problem;
}

std::string bulk(const std::vector<std::string>& words) {
    query made = query::for_batch();
    const std::string problem = add_filters(made, filter_use::bulk, words);
    return problem.empty() ? made.text() : "refused: " + problem;
}

TEST(FilterWords, OfAListAreInTheOldSyntax) {
    EXPECT_EQ(words_of({"id=1,2"}), "filter[id]=1,2");
    EXPECT_EQ(words_of({"id=1", "id=2"}), "filter[id]=1,2");
    EXPECT_EQ(words_of({"updatedAt=2026-11-01..2026-11-30"}), "filter[updatedAt]=2026-11-01..2026-11-30");
    EXPECT_EQ(words_of({"updatedAt=2026-11-01.."}), "filter[updatedAt]=2026-11-01..inf");
    EXPECT_EQ(words_of({"id=..9"}), "filter[id]=neginf..9");
    EXPECT_EQ(words_of({"id=neginf..9"}), "filter[id]=neginf..9");
    EXPECT_EQ(words_of({"owner.id=5", "state=incomplete"}), "filter[owner][id]=5&filter[state]=incomplete");
    EXPECT_EQ(words_of({"owner.id=5,6"}), "filter[owner][id]=5,6");
    EXPECT_EQ(words_of({"title=__null__"}), "filter[title]=__null__");
    EXPECT_EQ(words_of({"name=a b&c=d"}), "filter[name]=a%20b%26c%3Dd");
    EXPECT_EQ(words_of({"filter[account][id]=3"}), "filter[account][id]=3");
}

TEST(FilterWords, OfABulkActionAreInTheModernSyntax) {
    EXPECT_EQ(bulk({"id=1,2"}), "actionParams[filter][id][]=1&actionParams[filter][id][]=2");
    EXPECT_EQ(bulk({"id=1"}), "actionParams[filter][id]=1");
    EXPECT_EQ(bulk({"owner.id=123"}), "actionParams[filter][owner][id]=123");
    EXPECT_EQ(bulk({"owner.id=1,2"}),
              "actionParams[filter][owner][id][]=1&actionParams[filter][owner][id][]=2");
    EXPECT_EQ(bulk({"updatedAt=2026-11-01.."}), "actionParams[filter][updatedAt][gte]=2026-11-01");
    EXPECT_EQ(bulk({"id=5..10"}), "actionParams[filter][id][gte]=5&actionParams[filter][id][lte]=10");
}

TEST(FilterWords, OfABulkActionTakeTextLiterally) {
    EXPECT_EQ(bulk({"company=Smith, Jones"}), "actionParams[filter][company]=Smith%2C%20Jones");
    EXPECT_EQ(bulk({"company=so..what"}), "actionParams[filter][company]=so..what");
    EXPECT_EQ(bulk({"company=A", "company=B"}),
              "actionParams[filter][company][]=A&actionParams[filter][company][]=B");
}

TEST(FilterWords, NeverPutABareFilterIntoABulkAction) {
    EXPECT_EQ(bulk({"filter[id][]=7"}), "actionParams[filter][id][]=7");
    EXPECT_EQ(bulk({"filter[owner][id]=7"}), "actionParams[filter][owner][id]=7");
}

TEST(FilterWords, RefuseWhatWouldLetEverythingThrough) {
    for (const std::string word :
         {"id=", "id=1,", "id=,", "updatedAt=..", "updatedAt=neginf..inf", "filter[id]=", "owner.id="}) {
        EXPECT_THAT(words_of({word}), testing::HasSubstr("would let everything through")) << word;
        EXPECT_THAT(bulk({word}), testing::HasSubstr("would let everything through")) << word;
    }
}

TEST(FilterWords, RefuseWhatIsNoFilter) {
    for (const std::string word : {"", "id", "=5", "a b=1", ".id=1", "owner..id=1", "owner.=1", "[id]=1",
                                   "actionParams[filter][id]=1", "filter[id=1", "page[size]=5"})
        EXPECT_THAT(words_of({word}), testing::HasSubstr("is no filter such as")) << word;
    EXPECT_THAT(bulk({"id=1..5", "id=9"}), testing::HasSubstr("either an interval or several values"));
}

} // namespace
} // namespace outreachd::command_line
