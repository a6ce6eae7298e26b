/// Contract section 11: what leads to what.
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace outreachd::sandbox {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;

/// A prospect, a mailbox and a sequence of such steps. What happens is heard by a webhook that nobody serves.
struct sequence_of {
    explicit sequence_of(const std::vector<std::string>& kinds, const std::string& attributes = {}) {
        mailbox = sandbox.get("mailboxes").number("/data/0/id");
        prospect = sandbox.make("prospects", "prospect", R"("firstName":"Ada")");
        sequence = sandbox.make("sequences", "sequence", R"("name":"S")" + attributes);
        for (const std::string& kind : kinds)
            steps.push_back(sandbox.make("sequenceSteps", "sequenceStep",
                                         R"("interval":1440,"stepType":")" + kind + '"',
                                         link_to("sequence", "sequence", sequence)));
        sandbox.make("webhooks", "webhook", R"("url":"http://127.0.0.1:1/")");
    }

    std::string links() const {
        return link_to("prospect", "prospect", prospect) + "," + link_to("sequence", "sequence", sequence) +
               "," + link_to("mailbox", "mailbox", mailbox);
    }

    std::string enrol() {
        return std::to_string(sandbox.make("sequenceStates", "sequenceState", {}, links()));
    }

    json_reply state(const std::string& id) { return sandbox.get("sequenceStates/" + id); }

    std::string state_word(const std::string& id) { return state(id).text("/data/attributes/state"); }

    std::vector<std::string> events() const {
        std::vector<std::string> names;
        for (const delivery& each : sandbox.subject.deliveries())
            names.push_back(each.event_name);
        return names;
    }

    /// The prospect's open task.
    std::string open_task() {
        return std::to_string(
            sandbox.get("tasks?filter[state]=incomplete&filter[prospect][id]=" + std::to_string(prospect))
                .number("/data/0/id"));
    }

    running_sandbox sandbox;
    std::int64_t mailbox = 0;
    std::int64_t prospect = 0;
    std::int64_t sequence = 0;
    std::vector<std::int64_t> steps;
};

TEST(Enrolment, BeginsAtTheFirstStep) { // 11.9
    sequence_of test{{"call", "task"}};
    const std::string id = test.enrol();
    const json_reply state = test.state(id);
    EXPECT_EQ(state.text("/data/attributes/state"), "active");
    EXPECT_FALSE(state.text("/data/attributes/stateChangedAt").empty());
    EXPECT_EQ(state.number("/data/relationships/sequenceStep/data/id"), test.steps[0]);
    const json_reply task = test.sandbox.get("tasks/" + test.open_task());
    EXPECT_EQ(task.text("/data/attributes/action"), "call");
    EXPECT_EQ(task.number("/data/relationships/sequenceState/data/id"), std::stoll(id));
}

TEST(Enrolment, AdvancesWithItsTasksAndFinishes) { // 4, 11.14
    sequence_of test{{"call", "manual_email", "task"}};
    const std::string id = test.enrol();
    test.sandbox.post("tasks/" + test.open_task() + "/actions/markComplete");
    EXPECT_EQ(test.state(id).number("/data/relationships/sequenceStep/data/id"), test.steps[1]);
    EXPECT_EQ(test.sandbox.get("tasks/" + test.open_task()).text("/data/attributes/action"), "email");
    test.sandbox.post("tasks/" + test.open_task() + "/actions/advance");
    EXPECT_EQ(test.state_word(id), "active");
    test.sandbox.post("tasks/" + test.open_task() + "/actions/markComplete");
    EXPECT_EQ(test.state_word(id), "finished");
    const auto events = test.events();
    EXPECT_EQ(std::ranges::count(events, "sequenceState.advanced"), 2);
    EXPECT_EQ(std::ranges::count(events, "sequenceState.finished"), 1);
    EXPECT_EQ(std::ranges::count(events, "task.completed"), 3);
}

TEST(Enrolment, EndsWhereATaskSaysSo) { // 11.14
    for (const char* const action : {"finish_no_reply", "finish_replied"}) {
        sequence_of test{{"call", "task"}};
        const std::string id = test.enrol();
        test.sandbox.post("tasks/" + test.open_task() +
                          "/actions/markComplete?actionParams[completionAction]=" + action +
                          "&actionParams[completionNote]=Done%20it");
        const json_reply state = test.state(id);
        EXPECT_EQ(state.text("/data/attributes/state"), "finished");
        EXPECT_EQ(state.at("/data/attributes/repliedAt").is_string(),
                  std::string{action} == "finish_replied");
    }
}

TEST(Enrolment, IsRefusedTwiceUnlessTheRulesetAllows) { // 11.5
    sequence_of test{{"call"}};
    const std::string body = R"({"data":{"type":"sequenceState","relationships":{)" + test.links() + "}}}";
    const std::string id = test.enrol();
    EXPECT_EQ(test.sandbox.post("sequenceStates", body).status, 422U);
    const auto rule = [&](const char* word) {
        const std::int64_t rules = test.sandbox.make(
            "rulesets", "ruleset", R"("name":"R","permitDuplicateProspects":")" + std::string{word} + '"');
        const std::string sequence = std::to_string(test.sequence);
        EXPECT_EQ(test.sandbox
                      .patch("sequences/" + sequence, R"({"data":{"type":"sequence","id":)" + sequence +
                                                          R"(,"relationships":{)" +
                                                          link_to("ruleset", "ruleset", rules) + "}}}")
                      .status,
                  200U);
    };
    rule("only_if_inactive");
    EXPECT_EQ(test.sandbox.post("sequenceStates", body).status, 422U);
    test.sandbox.post("sequenceStates/" + id + "/actions/finish");
    EXPECT_EQ(test.sandbox.post("sequenceStates", body).status, 201U);
    rule("allow");
    EXPECT_EQ(test.sandbox.post("sequenceStates", body).status, 201U);
}

TEST(SequenceState, IsPausedResumedAndFinished) { // 11.11
    sequence_of test{{"call"}};
    const std::string path = "sequenceStates/" + test.enrol() + "/actions/";
    EXPECT_EQ(test.sandbox.post(path + "resume").status, 422U);
    EXPECT_EQ(test.sandbox.post(path + "pause").text("/data/attributes/state"), "paused");
    EXPECT_EQ(test.sandbox.post(path + "pause").status, 422U);
    EXPECT_EQ(test.sandbox.post(path + "resume").text("/data/attributes/state"), "active");
    EXPECT_EQ(test.sandbox.post(path + "finish").text("/data/attributes/state"), "finished");
    EXPECT_EQ(test.sandbox.post(path + "finish").status, 422U);
    EXPECT_THAT(test.events(), Contains("sequenceState.finished"));
}

TEST(Mailing, OfAStepIsWrittenFromItsTemplateAndDelivered) { // 11.8, 11.22
    sequence_of test{{"auto_email", "call"}};
    const std::int64_t text =
        test.sandbox.make("templates", "template", R"("name":"T","subject":"Quick question")");
    const std::int64_t tie = test.sandbox.make("sequenceTemplates", "sequenceTemplate", {},
                                               link_to("sequenceStep", "sequenceStep", test.steps[0]) + "," +
                                                   link_to("template", "template", text));
    const std::string state = test.enrol();
    const std::string list = "mailings?filter[sequenceState][id]=" + state;
    EXPECT_TRUE(
        becomes_true([&] { return test.sandbox.get(list).text("/data/0/attributes/state") == "delivered"; }));
    EXPECT_EQ(test.sandbox.get(list).text("/data/0/attributes/subject"), "Quick question");
    EXPECT_TRUE(becomes_true([&] {
        return test.state(state).number("/data/relationships/sequenceStep/data/id") == test.steps[1];
    }));
    EXPECT_THAT(test.events(),
                IsSupersetOf({"mailing.created", "mailing.delivered", "sequenceState.advanced"}));
    EXPECT_EQ(test.sandbox.ask("DELETE", "sequenceTemplates/" + std::to_string(tie)).status, 204U);
}

TEST(Mailing, IsOpenedClickedAndRepliedTo) { // 4, 4.4, 11.18
    sequence_of test{{"auto_email", "call"}};
    const std::string state = test.enrol();
    const std::string mailing =
        std::to_string(test.sandbox.get("mailings?filter[sequenceState][id]=" + state).number("/data/0/id"));
    EXPECT_TRUE(becomes_true([&] {
        return test.sandbox.get("mailings/" + mailing).text("/data/attributes/state") == "delivered";
    }));
    for (const char* const what : {"opened", "opened", "clicked", "replied"})
        EXPECT_EQ(test.sandbox.control("POST", "mailings/" + mailing + "/" + what).status, 204U) << what;
    EXPECT_EQ(test.sandbox.control("POST", "mailings/" + mailing + "/burnt").status, 404U);
    EXPECT_EQ(test.sandbox.control("POST", "mailings/1/opened").status, 404U);
    const json_reply mail = test.sandbox.get("mailings/" + mailing);
    EXPECT_EQ(mail.text("/data/attributes/state"), "replied");
    EXPECT_EQ(mail.number("/data/attributes/openCount"), 2);
    EXPECT_EQ(test.state_word(state), "finished");
    const json_reply person = test.sandbox.get("prospects/" + std::to_string(test.prospect) +
                                               "?fields[prospect]=clickCount,openCount,replyCount");
    EXPECT_EQ(person.number("/data/attributes/openCount"), 2);
    EXPECT_EQ(person.number("/data/attributes/clickCount"), 1);
    EXPECT_EQ(person.number("/data/attributes/replyCount"), 1);
    EXPECT_THAT(test.events(), IsSupersetOf({"mailing.opened", "mailing.replied", "mailing.updated"}));
}

TEST(Mailing, ThatBouncesEndsTheSequence) { // 4, 11.10
    sequence_of test{{"auto_email", "call"}};
    const std::string state = test.enrol();
    const std::string mailing =
        std::to_string(test.sandbox.get("mailings?filter[sequenceState][id]=" + state).number("/data/0/id"));
    test.sandbox.control("POST", "mailings/" + mailing + "/bounced");
    EXPECT_EQ(test.state_word(state), "bounced");
    EXPECT_THAT(test.events(), Contains("mailing.bounced"));
}

TEST(Mailing, OfItsOwnGoesOutToo) { // 11.22
    sequence_of test{{}};
    const std::string id = std::to_string(test.sandbox.make(
        "mailings", "mailing", R"("subject":"Hello")",
        link_to("prospect", "prospect", test.prospect) + "," + link_to("mailbox", "mailbox", test.mailbox)));
    EXPECT_TRUE(becomes_true(
        [&] { return test.sandbox.get("mailings/" + id).text("/data/attributes/state") == "delivered"; }));
}

TEST(Step, OfADateSequenceHasNoInterval) { // 11.2, 11.3
    sequence_of test{{}, R"(,"sequenceType":"date")"};
    const std::string links = R"("relationships":{)" + link_to("sequence", "sequence", test.sequence) + "}";
    const auto make = [&](const std::string& attributes) {
        return test.sandbox
            .post("sequenceSteps", R"({"data":{"type":"sequenceStep","attributes":{"stepType":"task",)" +
                                       attributes + "}," + links + "}}")
            .status;
    };
    EXPECT_EQ(make(R"("interval":5)"), 422U);
    EXPECT_EQ(make(R"("date":"2027-01-01")"), 201U);
    EXPECT_EQ(test.sandbox.get("sequences/" + std::to_string(test.sequence))
                  .number("/data/attributes/sequenceStepCount"),
              1);
    EXPECT_EQ(test.sandbox
                  .post("sequenceSteps",
                        R"({"data":{"type":"sequenceStep","attributes":{"stepType":"fax"},)" + links + "}}")
                  .status,
              422U);
}

TEST(Template, WithoutANameIsHiddenFromLists) { // 11.7
    running_sandbox sandbox;
    const auto before = sandbox.get("templates").count();
    const std::int64_t id =
        sandbox.make("templates", "template", R"("subject":"S","bodyHtml":"B","ccRecipients":[])");
    EXPECT_EQ(sandbox.get("templates").count(), before);
    EXPECT_EQ(sandbox.get("templates/" + std::to_string(id)).status, 200U);
}

TEST(SequenceTemplate, IsActivatedAndDeactivated) { // 11.8
    running_sandbox sandbox;
    const std::string path = "sequenceTemplates/" +
                             std::to_string(sandbox.get("sequenceTemplates").number("/data/0/id")) +
                             "/actions/";
    EXPECT_FALSE(sandbox.post(path + "deactivate").at("/data/attributes/enabled").as_bool());
    EXPECT_TRUE(sandbox.post(path + "activate").at("/data/attributes/enabled").as_bool());
}

TEST(Records, OfEachKindAreMade) { // 11.1, 11.5, 11.6
    running_sandbox sandbox;
    const std::int64_t account = sandbox.make("accounts", "account", R"("name":"A","custom17":"x")");
    const std::int64_t prospect =
        sandbox.make("prospects", "prospect", R"("emails":["a@example.com"],"firstName":"Ada","title":"VP")",
                     link_to("account", "account", account) + "," + link_to("owner", "user", 1));
    EXPECT_EQ(sandbox.get("prospects?filter[emails]=a@example.com").number("/data/0/id"), prospect);
    sandbox.make("snippets", "snippet", R"("name":"S","bodyHtml":"<p>x</p>")");
    sandbox.make("rulesets", "ruleset",
                 R"("name":"R","autoResumeOotoProspects":true,"permitDuplicateProspects":"onlyIfActive")");
    sandbox.make("opportunities", "opportunity", R"("name":"O","amount":10.5)",
                 link_to("account", "account", account));
    sandbox.make("mailboxes", "mailbox", R"("email":"m@example.com")", link_to("user", "user", 1));
}

struct one_task : running_sandbox {
    one_task()
        : id(std::to_string(make("tasks", "task", R"("action":"call","dueAt":"2030-01-01T10:00:00.000Z")"))) {
    }

    json_reply act(const std::string& what) { return post("tasks/" + id + "/actions/" + what); }

    std::string id;
};

TEST(TaskAction, SnoozesByADayOrUntil) { // 11.14
    one_task task;
    EXPECT_EQ(task.act("snooze").text("/data/attributes/dueAt"), "2030-01-02T10:00:00.000Z");
    const json_reply until =
        task.act("snooze?actionParams[dueAt]=2031-05-05T00:00:00Z&actionParams[markAsUrgent]=true");
    EXPECT_EQ(until.text("/data/attributes/dueAt"), "2031-05-05T00:00:00.000Z");
    EXPECT_TRUE(until.at("/data/attributes/isUrgent").as_bool());
    EXPECT_EQ(task.act("snooze?actionParams[dueAt]=soon").status, 422U);
}

TEST(TaskAction, ChangesOneThing) { // 11.14
    one_task task;
    EXPECT_EQ(task.act("reschedule?actionParams[dueAt]=2031-05-05T00:00:00Z").text("/data/attributes/dueAt"),
              "2031-05-05T00:00:00.000Z");
    EXPECT_EQ(task.act("updateNote?actionParams[note]=Call%20twice").text("/data/attributes/note"),
              "Call twice");
    EXPECT_EQ(task.act("updateOpportunityAssociation?actionParams[opportunityAssociation]=recent")
                  .text("/data/attributes/opportunityAssociation"),
              "recent");
    const std::int64_t user = task.make("users", "user", R"("email":"b@example.com")");
    EXPECT_EQ(task.act("reassignOwner?actionParams[ownerId]=" + std::to_string(user))
                  .number("/data/relationships/owner/data/id"),
              user);
    EXPECT_EQ(task.act("reassignOwner?actionParams[ownerId]=99").status, 422U);
    for (const char* const action :
         {"reschedule", "updateNote", "updateOpportunityAssociation", "reassignOwner", "logMeetInPerson"})
        EXPECT_EQ(task.act(action).status, 422U) << action;
}

TEST(TaskAction, Completes) { // 11.13, 11.14
    for (const char* const action :
         {"markComplete", "advance", "deliver", "logMeetInPerson?actionParams[taskDispositionId]=3"}) {
        one_task task;
        const json_reply done = task.act(action);
        EXPECT_EQ(done.status, 200U) << action;
        EXPECT_TRUE(done.at("/data/attributes/completed").as_bool()) << action;
        EXPECT_EQ(done.text("/data/attributes/state"), "complete") << action;
        EXPECT_EQ(done.number("/data/relationships/completer/data/id"), 1) << action;
    }
}

TEST(Tasks, OpenOnesAreListedWithTheirProspects) { // 11.12
    running_sandbox sandbox;
    const json_reply list =
        sandbox.get("tasks?filter[state]=incomplete&filter[owner][id]=1&include=prospect");
    EXPECT_EQ(list.count(), 3U);
    EXPECT_EQ(list.count("/included"), 3U);
}

TEST(Call, LeavesItsTaskAloneUnlessTold) { // 11.15, 11.16
    one_task task;
    const std::string attributes =
        R"("direction":"outbound","outcome":"Not Answered","answeredAt":"2026-01-02T00:00:00Z","completedAt":"2026-01-01T00:00:00Z")";
    task.make("calls", "call", attributes, link_to("task", "task", std::stoll(task.id)));
    EXPECT_FALSE(task.get("tasks/" + task.id).at("/data/attributes/completed").as_bool());
    task.make("calls", "call", attributes,
              R"("task":{"data":{"type":"task","id":)" + task.id + R"(},"meta":{"complete":true}})");
    EXPECT_TRUE(task.get("tasks/" + task.id).at("/data/attributes/completed").as_bool());
}

TEST(Events, TellWhatHappenedToProspects) { // 4.8, 11.17
    running_sandbox sandbox;
    const std::string id = std::to_string(sandbox.make("prospects", "prospect", R"("firstName":"Ada")"));
    sandbox.patch("prospects/" + id,
                  R"({"data":{"type":"prospect","id":)" + id + R"(,"attributes":{"title":"VP"}}})");
    const json_reply list = sandbox.get("events?sort=-id&filter[prospect][id]=" + id);
    EXPECT_EQ(list.text("/data/0/attributes/name"), "prospect_updated");
    EXPECT_EQ(list.text("/data/1/attributes/name"), "prospect_created");
}

TEST(User, IsInvitedUnlessToldNotTo) { // 11.19
    running_sandbox sandbox;
    sandbox.make("users", "user", R"("email":"a@example.com","firstName":"A","lastName":"B")");
    EXPECT_EQ(sandbox
                  .post("users", R"({"data":{"type":"user","attributes":{"email":"b@example.com"},)"
                                 R"("meta":{"sendInvite":false}}})")
                  .status,
              201U);
    EXPECT_EQ(json::serialize(sandbox.control("GET", "invitations").body), R"(["a@example.com"])");
}

TEST(Compliance, ForgetsAProspect) { // 11.20, 11.21
    for (const auto& [requester, type, object, email] :
         {std::tuple{"requester_email", "request_type", "object_type", "request_object_email"},
          std::tuple{"requesterEmail", "requestType", "objectType", "requestObjectEmail"}}) {
        running_sandbox sandbox;
        const std::string found = "prospects?filter[emails]=aiko.mori@contoso.example";
        EXPECT_EQ(sandbox.get(found).count(), 1U);
        const json_reply begun =
            sandbox.post("complianceRequests", R"({"data":{"type":"complianceRequest","attributes":{")" +
                                                   std::string{requester} + R"(":"me@example.com",")" + type +
                                                   R"(":"Delete",")" + object + R"(":"Prospect",")" + email +
                                                   R"(":"aiko.mori@contoso.example"}}})");
        const std::string batch = begun.text("/data/batch_compliance_request_id");
        EXPECT_FALSE(begun.at("/data").as_object().contains("id"));
        const std::string path = "complianceRequests?filter[batchComplianceRequest]=" + batch;
        EXPECT_EQ(sandbox.get(path).count(), 1U);
        EXPECT_TRUE(
            becomes_true([&] { return sandbox.get(path).text("/data/0/attributes/state") == "done"; }));
        EXPECT_EQ(sandbox.get(found).count(), 0U);
    }
    running_sandbox sandbox;
    EXPECT_EQ(
        sandbox.post("complianceRequests", R"({"data":{"attributes":{"request_type":"Forget"}}})").status,
        422U);
}

} // namespace
} // namespace outreachd::sandbox
