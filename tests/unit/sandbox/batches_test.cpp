/// Contract section 9: bulk actions.
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>

namespace outreachd::sandbox {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

const std::string skip = "actionParams[skipConfirmation]=true";

std::string attributes(const std::string& inner) {
    return R"({"data":{"type":"batch","attributes":{)" + inner + "}}}";
}

/// Prospects with externalId `0` and so on, and nothing else.
struct prospects : running_sandbox {
    explicit prospects(int count, options configured = small()) : running_sandbox(std::move(configured)) {
        for (int at = 0; at < count; ++at)
            ids.push_back(make("prospects", "prospect", R"("externalId":")" + std::to_string(at) + '"'));
    }

    static options small() {
        options configured = quick_options();
        configured.is_empty = true;
        return configured;
    }

    json_reply act(const std::string& what, const std::string& body = {}) {
        return post("batches/actions/" + what, body);
    }

    /// The batch when it has ended.
    json_reply wait_for(const json_reply& started) {
        const std::string path = "batches/" + std::to_string(started.number("/data/id"));
        EXPECT_TRUE(becomes_true([&] {
            const std::string state = get(path).text("/data/attributes/state");
            return state == "finished" || state == "failed" || state == "canceled";
        }));
        return get(path);
    }

    std::size_t tagged() { return get("prospects?filter[tags]=x").count(); }

    std::vector<std::int64_t> ids;
};

const std::string tag = attributes(R"("tags":["x"])");

TEST(Batch, WaitsForConfirmation) { // 9.1, 9.9, 9.11, 9.14
    prospects test{3};
    const json_reply begun = test.act("prospectsAddTags?actionParams[filter][externalId][]=0", tag);
    EXPECT_EQ(begun.status, 200U);
    EXPECT_EQ(begun.text("/data/attributes/state"), "confirming");
    EXPECT_EQ(begun.text("/data/attributes/action"), "prospectsAddTags");
    EXPECT_EQ(begun.number("/data/attributes/confirmCount"), 1);
    EXPECT_FALSE(begun.at("/data/attributes/confirmedCountRequired").as_bool());
    EXPECT_EQ(test.tagged(), 0U);
    const std::string path = "batches/" + std::to_string(begun.number("/data/id")) + "/actions/confirm";
    EXPECT_EQ(test.post(path).text("/data/attributes/state"), "pending");
    const json_reply ended = test.wait_for(begun);
    EXPECT_EQ(ended.text("/data/attributes/state"), "finished");
    EXPECT_EQ(ended.number("/data/attributes/total"), 1);
    EXPECT_TRUE(ended.at("/data/attributes/summary").is_null()); // 9.12
    EXPECT_EQ(test.tagged(), 1U);
    EXPECT_EQ(test.post(path).status, 422U);
}

TEST(Batch, MayWantItsCountConfirmed) { // 9.14
    options configured = prospects::small();
    configured.confirmed_count_from = 3;
    prospects test{3, configured};
    const json_reply begun = test.act("prospectsAddTags", tag);
    EXPECT_TRUE(begun.at("/data/attributes/confirmedCountRequired").as_bool());
    const std::string path = "batches/" + std::to_string(begun.number("/data/id")) + "/actions/confirm";
    EXPECT_EQ(test.post(path).status, 422U);
    EXPECT_EQ(test.post(path + "?actionParams[confirmedCount]=2").status, 422U);
    EXPECT_EQ(test.post(path + "?actionParams[confirmedCount]=3").status, 200U);
}

TEST(Batch, SkipsConfirmationWhereAsked) { // 9.16
    prospects test{2};
    const json_reply begun = test.act("prospectsAddTags?" + skip, tag);
    EXPECT_EQ(begun.text("/data/attributes/state"), "pending");
    EXPECT_EQ(test.wait_for(begun).text("/data/attributes/state"), "finished");
    EXPECT_EQ(test.tagged(), 2U);
}

TEST(Batch, WithoutAFilterIsForEveryRecord) { // 9.2, 9.4
    prospects test{3};
    EXPECT_EQ(test.act("prospectsAddTags", tag).number("/data/attributes/total"), 3);
    EXPECT_EQ(test.act("prospectsAddTags?filter[externalId]=0", tag).number("/data/attributes/total"), 3);
}

TEST(Batch, IsFilteredInTheNewSyntax) { // 9.3, 9.6
    prospects test{4};
    const auto total = [&](const std::string& query, const std::string& body = tag) {
        return test.act("prospectsAddTags?" + query, body).number("/data/attributes/total");
    };
    const auto id = [&](std::size_t at) { return std::to_string(test.ids[at]); };
    EXPECT_EQ(total("actionParams[filter][id][]=" + id(0) + "&actionParams[filter][id][]=" + id(1)), 2);
    EXPECT_EQ(total("actionParams[filter][id]=" + id(0) + "&actionParams[filter][id]=" + id(1)), 2);
    EXPECT_EQ(total("actionParams[filter][id]=" + id(0) + "," + id(1) + "," + id(2)), 3);
    EXPECT_EQ(total("actionParams[filter][owner][id]=1"), 4);
    EXPECT_EQ(total("actionParams[filter][owner][id]=2"), 0);
    EXPECT_EQ(total("actionParams[filter][externalId][gte]=2"), 2);
    EXPECT_EQ(total({}, attributes(R"("tags":["x"],"ids":[)" + id(3) + "]")), 1);
    EXPECT_EQ(test.act("prospectsAddTags?actionParams[filter][nothing]=1", tag).status, 422U);
}

TEST(Batch, TellsItsTimesInSeconds) { // 9.10
    prospects test{1};
    EXPECT_THAT(test.act("prospectsAddTags", tag).text("/data/attributes/createdAt"),
                MatchesRegex("[0-9]{10}"));
}

TEST(Batch, TakesTheThreeFormsOfAModification) { // 9.5
    for (const char* const form :
         {R"("field":"title","value":"VP")", R"("fieldName":"title","fieldValue":"VP")", R"("title":"VP")"}) {
        prospects test{2};
        test.wait_for(test.act("prospectsBulkModify?" + skip, attributes(form)));
        EXPECT_EQ(test.get("prospects?filter[title]=VP").count(), 2U) << form;
    }
    prospects test{1};
    EXPECT_EQ(test.act("prospectsBulkModify").status, 422U);
}

TEST(Batch, TellsItsFailures) { // 9.12, 9.13
    prospects test{3};
    const std::int64_t mailbox = test.make("mailboxes", "mailbox", R"("email":"m@example.com")");
    const std::int64_t sequence = test.make("sequences", "sequence", R"("name":"S")");
    test.make("sequenceStates", "sequenceState", {},
              link_to("prospect", "prospect", test.ids[1]) + "," + link_to("sequence", "sequence", sequence) +
                  "," + link_to("mailbox", "mailbox", mailbox));
    const json_reply ended = test.wait_for(
        test.act("prospectsAddToSequence?" + skip, attributes(R"("sequenceId":)" + std::to_string(sequence) +
                                                              R"(,"mailboxId":)" + std::to_string(mailbox))));
    EXPECT_EQ(ended.text("/data/attributes/state"), "finished");
    EXPECT_EQ(ended.number("/data/attributes/failures"), 1);
    EXPECT_EQ(ended.text("/data/attributes/summary"), "1 of 3 failed");
    const std::string items = "batchItems?filter[batch][id]=" + std::to_string(ended.number("/data/id"));
    EXPECT_EQ(test.get(items).count(), 3U);
    const json_reply failed = test.get(items + "&filter[state]=error");
    ASSERT_EQ(failed.count(), 1U);
    EXPECT_EQ(failed.number("/data/0/attributes/data/id"), test.ids[1]);
    EXPECT_TRUE(failed.at("/data/0/attributes/failed").as_bool());
    EXPECT_THAT(failed.text("/data/0/attributes/info"), HasSubstr("already"));
}

TEST(Batch, FailsWhereAllItemsDo) { // 9.11
    prospects test{2};
    const json_reply ended =
        test.wait_for(test.act("prospectsBulkModify?" + skip, attributes(R"("nonsense":1)")));
    EXPECT_EQ(ended.text("/data/attributes/state"), "failed");
}

TEST(Batch, IsCancelled) { // 9.11, 9.15
    options configured = prospects::small();
    configured.work_delay = 300ms;
    prospects test{2, configured};
    for (const bool is_begun : {false, true}) {
        const json_reply begun = test.act("prospectsAddTags?" + (is_begun ? skip : std::string{}), tag);
        const std::string path = "batches/" + std::to_string(begun.number("/data/id")) + "/actions/cancel";
        EXPECT_EQ(test.post(path).text("/data/attributes/state"), "canceled");
        EXPECT_EQ(test.post(path).status, 422U);
    }
    std::this_thread::sleep_for(400ms); // Until it would have run.
    EXPECT_EQ(test.tagged(), 0U);
}

TEST(Batch, ActionsDoWhatTheyAreCalled) { // 9.7, 9.8
    prospects test{2};
    const std::int64_t user = test.make("users", "user", R"("email":"u@example.com")");
    const std::int64_t account = test.make("accounts", "account", R"("name":"A")");
    const std::int64_t opportunity = test.make("opportunities", "opportunity", R"("name":"O")");
    const std::string one = "prospects/" + std::to_string(test.ids[0]);
    const auto run = [&](const std::string& name, const std::string& inner) {
        const json_reply begun =
            test.act(name + "?" + skip, inner.empty() ? std::string{} : attributes(inner));
        ASSERT_EQ(begun.status, 200U) << name;
        EXPECT_EQ(test.wait_for(begun).text("/data/attributes/state"), "finished") << name;
    };
    run("prospectsAssignOwner", R"("ownerId":)" + std::to_string(user));
    EXPECT_EQ(test.get(one).number("/data/relationships/owner/data/id"), user);
    run("prospectsAssignAccount", R"("accountId":)" + std::to_string(account));
    EXPECT_EQ(test.get(one).number("/data/relationships/account/data/id"), account);
    run("prospectsAssignOpportunity", R"("opportunityId":)" + std::to_string(opportunity));
    EXPECT_EQ(test.get(one).count("/data/relationships/opportunities/data"), 1U);
    run("prospectsAddAssignments", R"("userIds":[1,)" + std::to_string(user) + "]");
    EXPECT_EQ(test.get(one).count("/data/relationships/assignedUsers/data"), 2U);
    run("prospectsRemoveAssignments", R"("userIds":[1])");
    EXPECT_EQ(test.get(one).count("/data/relationships/assignedUsers/data"), 1U);
    run("prospectsRemoveAllAssignments", {});
    EXPECT_EQ(test.get(one).count("/data/relationships/assignedUsers/data"), 0U);
    run("prospectsAddTags", R"("tags":["x","y"])");
    run("prospectsRemoveTags", R"("tags":["y"])");
    EXPECT_EQ(test.tagged(), 2U);
    run("accountAddTags", R"("tags":["x"])");
    EXPECT_EQ(test.get("accounts?filter[tags]=x").count(), 1U);
    run("accountsDestroyAll", {});
    EXPECT_EQ(test.get("accounts").count(), 0U);
    run("prospectsDestroyAll", {});
    EXPECT_EQ(test.get("prospects").count(), 0U);
    EXPECT_EQ(test.act("prospectsFrobnicate").status, 404U);
    EXPECT_EQ(test.act("prospectsAddTags").status, 422U);
}

TEST(Batch, FinishesAndPausesSequences) { // 9.8
    prospects test{1};
    const std::int64_t mailbox = test.make("mailboxes", "mailbox", R"("email":"m@example.com")");
    const std::int64_t sequence = test.make("sequences", "sequence", R"("name":"S")");
    const std::string state =
        "sequenceStates/" + std::to_string(test.make("sequenceStates", "sequenceState", {},
                                                     link_to("prospect", "prospect", test.ids[0]) + "," +
                                                         link_to("sequence", "sequence", sequence) + "," +
                                                         link_to("mailbox", "mailbox", mailbox)));
    test.wait_for(test.act("prospectsPauseAll?" + skip));
    EXPECT_EQ(test.get(state).text("/data/attributes/state"), "paused");
    test.wait_for(test.act("prospectsFinishAll?" + skip));
    EXPECT_EQ(test.get(state).text("/data/attributes/state"), "finished");
}

TEST(Batch, RaisesTheWebhooksOfWhatItChanges) {
    prospects test{2};
    test.make("webhooks", "webhook",
              R"("url":"http://127.0.0.1:1/","resource":"prospect","action":"updated")");
    test.wait_for(test.act("prospectsAddTags?" + skip, tag));
    EXPECT_EQ(test.subject.deliveries().size(), 2U);
}

TEST(Batch, NeedsTheTargetsScopeToo) { // 9.17
    options configured = prospects::small();
    configured.scopes = "batches.read batches.write accounts.write";
    prospects test{0, configured};
    EXPECT_EQ(test.act("accountAddTags", tag).status, 200U);
    EXPECT_EQ(test.act("prospectsAddTags", tag).status, 403U);
}

} // namespace
} // namespace outreachd::sandbox
