/// Batches as Outreach describes them, and requests about them.
#include "daemon/outreach/batch.hpp"

#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using namespace handlers::outreach;

TEST(Batch, IsReadFromWhateverMembersThereAre) {
    const auto whole = read_batch(
        R"({"data":{"type":"batch","id":1156,"attributes":{"action":"bulk_modify","confirmCount":2,
            "confirmedCountRequired":null,"createdAt":"1701880061","failures":1,"pending":3,"total":9,
            "state":"confirming","summary":{"a":1}}}})");
    ASSERT_TRUE(whole);
    EXPECT_EQ(*whole, (batch{.id = "1156",
                             .action = "bulk_modify",
                             .state = "confirming",
                             .total = 9,
                             .pending = 3,
                             .failures = 1,
                             .confirm_count = 2,
                             .summary = R"({"a":1})"}));
    EXPECT_TRUE(whole->awaits_confirmation());
    EXPECT_FALSE(whole->has_ended());
    const auto bare = read_batch(R"({"data":{"id":"7"}})");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->id, "7");
    EXPECT_FALSE(bare->has_ended());
    EXPECT_FALSE(bare->confirm_count);
}

TEST(Batch, IsNothingElse) {
    for (const char* const body :
         {"", "null", "[]", R"({"data":[]})", R"({"data":{}})", R"({"errors":[]})", "{"})
        EXPECT_FALSE(read_batch(body)) << body;
}

TEST(Batch, KnowsItsEnds) {
    for (const char* const state : {"finished", "failed", "canceled", "cancelled"})
        EXPECT_TRUE((batch{.state = state}).has_ended()) << state;
    for (const char* const state : {"", "pending", "confirming", "running", "processing"})
        EXPECT_FALSE((batch{.state = state}).has_ended()) << state;
    EXPECT_TRUE((batch{.state = "finished"}).is_clean());
    EXPECT_FALSE((batch{.state = "finished", .failures = 1}).is_clean());
    EXPECT_FALSE((batch{.state = "canceled"}).is_clean());
}

TEST(Batch, IsConfirmedWithItsCount) {
    EXPECT_EQ(confirm_request({.id = "5", .confirm_count = 2}).target,
              "/batches/5/actions/confirm?actionParams[confirmedCount]=2");
    EXPECT_EQ(confirm_request({.id = "5"}).target, "/batches/5/actions/confirm");
    EXPECT_EQ(confirm_request({.id = "5"}).method, "POST");
    EXPECT_EQ(failures_request("5").target,
              "/batchItems?filter[batch][id]=5&filter[state]=error&page[size]=100");
}

TEST(BulkAction, WithoutAFilterIsKnown) {
    const std::string start = "/batches/actions/prospectsDestroyAll";
    for (const std::string& target :
         {start, start + "?filter[id]=1", start + "?actionParams[filter]=1",
          start + "?actionParams[filter][id]=", start + "?actionParams[skipConfirmation]=true",
          start.substr(1), "https://api.outreach.io/api/v2" + start,
          std::string{"batches//actions/prospectsDestroyAll"}, std::string{"//batches/actions/x"},
          std::string{"/batches///actions//x"}, std::string{"/b%61tches/actions/x"},
          std::string{"https://api.outreach.io/api/v2/batches%2Factions/x"}})
        EXPECT_TRUE(is_unfiltered_bulk(post(target))) << target;
    EXPECT_TRUE(is_unfiltered_bulk(post(start, R"({"data":{"attributes":{"ids":[]}}})")));
    EXPECT_FALSE(is_unfiltered_bulk(post(start, R"({"data":{"attributes":{"ids":[1]}}})")));
    EXPECT_FALSE(is_unfiltered_bulk(post(start + "?actionParams[filter][id]=1")));
    EXPECT_FALSE(is_unfiltered_bulk(post(start + "?actionParams%5Bfilter%5D%5Bid%5D=1")));
    EXPECT_FALSE(is_unfiltered_bulk(post("/batches/5/actions/confirm")));
    EXPECT_FALSE(is_unfiltered_bulk(get("/batches")));
    EXPECT_FALSE(is_unfiltered_bulk(get("/batches/actions/x")));
    EXPECT_FALSE(is_unfiltered_bulk(post("/tasks?note=/batches/actions/x")));
    EXPECT_FALSE(is_unfiltered_bulk(post("/%zz/batches%2")));
}

TEST(BulkAction, TakesAttributesOrAWholeDocument) {
    EXPECT_EQ(bulk_document(R"({"ownerId":12345678901234567890123})"),
              R"({"data":{"attributes":{"ownerId":12345678901234567890123}}})");
    EXPECT_EQ(bulk_document(R"({"data":{"attributes":{}}})"), R"({"data":{"attributes":{}}})");
    for (const char* const data : {"", "[]", "1", "{"})
        EXPECT_FALSE(bulk_document(data)) << data;
}

TEST(BulkAction, HasANameThatFitsAPath) {
    EXPECT_TRUE(is_action_name("prospectsAddTags"));
    for (const char* const name : {"", "a/b", "..", "a b", "a?b"})
        EXPECT_FALSE(is_action_name(name)) << name;
}

TEST(FailedItem, SaysWhatItWasAboutAndWhy) {
    const failed_item item =
        read_failed_item(R"({"id":1,"attributes":{"data":{"id":17},"info":"No such user.\u001b[2J"}})");
    EXPECT_EQ(item.subject, R"({"id":17})");
    EXPECT_EQ(item.reason.find('\x1b'), std::string::npos);
    EXPECT_EQ(read_failed_item("{}").reason, "");
}

} // namespace
} // namespace outreachd::outreach
