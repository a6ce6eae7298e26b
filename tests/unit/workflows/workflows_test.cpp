/// Each file of config/examples does what its first line says, with what the simulated Outreach itself sends.
#include "daemon/dispatch/condition.hpp"
#include "daemon/dispatch/router.hpp"
#include "daemon/expression/engine.hpp"
#include "daemon/settings/load_settings.hpp"
#include "handlers/registry.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace outreachd::handlers {
namespace {

using namespace std::chrono_literals;
using sandbox::link_to;
using sandbox::running_sandbox;
using test_servers::recorded_request;
using test_servers::scripted_server;
using testing::HasSubstr;

std::set<std::string> used_files; // NOLINT(cert-err58-cpp): filled by the tests, looked at by the last

class Workflow : public testing::Test {
protected:
    Workflow() {
        setenv("OUTREACH_WEBHOOK_SECRET", "a secret", 1);
        setenv("OUTREACH_TOKEN", sandbox::known_token.c_str(), 1);
        setenv("OUTREACH_BASE_URL", outreach_.subject.base_url().c_str(), 1);
        setenv("CRM_URL", ("http://127.0.0.1:" + std::to_string(crm_.port())).c_str(), 1);
        outreach_.make("webhooks", "webhook",
                       R"("url":"http://127.0.0.1:)" + std::to_string(receiver_.port()) +
                           R"(/hook","resource":"*","action":"*","payloadVersion":2,"secret":"a secret")");
    }

    /// What Outreach sent of that event and record, and with that in it; empty where nothing comes.
    std::string delivery_of(const std::string& name, std::int64_t id, const std::string& part) {
        std::string newest;
        EXPECT_TRUE(sandbox::becomes_true([&] {
            for (const recorded_request& one : receiver_.requests()) {
                const event_facts facts = read_event(one.body);
                if (facts.name == name && facts.resource_id == std::to_string(id) &&
                    one.body.find(part) != std::string::npos)
                    newest = one.body;
            }
            return !newest.empty();
        })) << name
            << " of " << id;
        return newest;
    }

    /// Takes Outreach's own delivery to where the example's routes lead it, as the daemon does.
    void run(const std::string& file, const std::string& name, std::int64_t id,
             const std::string& part = {}) {
        used_files.insert(file);
        const settings::loaded read = settings::load_settings(OUTREACHD_EXAMPLES "/" + file);
        for (const settings::problem& one : read.errors)
            FAIL() << settings::to_text(one, file);
        ASSERT_TRUE(read.settings.outreach);
        const attempt what = test::make_attempt(delivery_of(name, id, part));
        const auto engine = std::make_shared<expression::engine>(1);
        const dispatch::router router{read.settings.routes};
        const auto shared = std::make_shared<outreach::access>(*read.settings.outreach, directory_ / "");
        int runs = 0;
        for (const store::destination& to : router.destinations_of(what.subject->facts.name)) {
            const auto conditions = router.conditions_of(what.subject->facts.name, to.handler);
            if (conditions && dispatch::judge_conditions(*conditions, *what.subject, engine.get()).said !=
                                  dispatch::condition_verdict::kind::wanted)
                continue;
            const auto one = std::ranges::find(read.settings.handlers, to.handler, &settings::handler::name);
            ASSERT_NE(one, read.settings.handlers.end()) << to.handler;
            const outcome said = make_handler(*one, log_, engine, {shared, {}})->handle(what);
            EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason << "\n" << said.last_answer;
            ++runs;
        }
        EXPECT_EQ(runs, 1) << name << "\n" << what.subject->body;
    }

    void change_prospect(std::int64_t id, const std::string& attributes) {
        EXPECT_EQ(outreach_
                      .patch("prospects/" + std::to_string(id), R"({"data":{"type":"prospect","id":)" +
                                                                    std::to_string(id) +
                                                                    R"(,"attributes":{)" + attributes + "}}}")
                      .status,
                  200U);
    }

    /// `replied`, `bounced`, `opened`.
    void let_happen(std::int64_t mailing, const std::string& what) {
        outreach_.control("POST", "mailings/" + std::to_string(mailing) + "/" + what);
    }

    std::int64_t add_prospect(const std::string& attributes = R"("firstName":"Ada")") {
        return outreach_.make("prospects", "prospect", attributes);
    }

    std::int64_t first_of(const std::string& plural) {
        return outreach_.get(plural + "?page[size]=1").number("/data/0/id");
    }

    /// A mail to a prospect, sent.
    std::int64_t add_mailing(std::int64_t prospect) {
        const std::int64_t made = outreach_.make("mailings", "mailing", R"("subject":"Hello")",
                                                 link_to("prospect", "prospect", prospect) + "," +
                                                     link_to("mailbox", "mailbox", first_of("mailboxes")));
        EXPECT_TRUE(sandbox::becomes_true([&] {
            return outreach_.get("mailings/" + std::to_string(made)).text("/data/attributes/state") ==
                   "delivered";
        }));
        return made;
    }

    std::int64_t enrol(std::int64_t prospect) {
        return outreach_.make("sequenceStates", "sequenceState", "",
                              link_to("prospect", "prospect", prospect) + "," +
                                  link_to("sequence", "sequence", first_of("sequences")) + "," +
                                  link_to("mailbox", "mailbox", first_of("mailboxes")));
    }

    std::string state_of(std::int64_t sequence_state) {
        return outreach_.get("sequenceStates/" + std::to_string(sequence_state))
            .text("/data/attributes/state");
    }

    running_sandbox outreach_;
    scripted_server receiver_{[](const recorded_request&) { return test_servers::http_ok(""); }};
    scripted_server crm_{[](const recorded_request&) { return test_servers::http_ok("{}"); }};
    test::scratch_directory directory_;
    log::logger log_{log::level::error, log::format::text};
};

TEST_F(Workflow, AccountsAreFoundOrMadeAndLinked) {
    const std::int64_t known = outreach_.make("accounts", "account", R"("name":"Known, Inc.")");
    const std::int64_t first = add_prospect(R"("company":"Known, Inc.")");
    run("accounts.yaml", "prospect.created", first);
    EXPECT_EQ(
        outreach_.get("prospects/" + std::to_string(first)).number("/data/relationships/account/data/id"),
        known);
    const std::int64_t second = add_prospect(R"("company":"New & Co")");
    run("accounts.yaml", "prospect.created", second);
    const auto account =
        outreach_.get("prospects/" + std::to_string(second)).number("/data/relationships/account/data/id");
    EXPECT_EQ(outreach_.get("accounts/" + std::to_string(account)).text("/data/attributes/name"), "New & Co");
}

TEST_F(Workflow, ANewAccountGetsAProspect) {
    const std::int64_t account = outreach_.make("accounts", "account", R"("name":"A","domain":"a.example")");
    run("prospects.yaml", "account.created", account);
    const auto found = outreach_.get("prospects?filter[account][id]=" + std::to_string(account));
    ASSERT_EQ(found.count(), 1U);
    EXPECT_EQ(found.text("/data/0/attributes/emails/0"), "info@a.example");
}

TEST_F(Workflow, ANewUserGetsASequence) {
    const auto before = outreach_.get("sequenceTemplates").count();
    run("sequences.yaml", "user.created",
        outreach_.make("users", "user", R"("email":"n@a.example","firstName":"Nadia","lastName":"N")"));
    EXPECT_EQ(outreach_.get("sequenceTemplates").count(), before + 1);
    EXPECT_EQ(outreach_.get("sequences?sort=-id&page[size]=1").text("/data/0/attributes/name"),
              "Welcome by Nadia");
}

TEST_F(Workflow, ANewSequenceGetsItsRules) {
    const std::int64_t sequence = outreach_.make("sequences", "sequence", R"("name":"S")");
    run("rulesets.yaml", "sequence.created", sequence);
    EXPECT_GT(
        outreach_.get("sequences/" + std::to_string(sequence)).number("/data/relationships/ruleset/data/id"),
        0);
}

TEST_F(Workflow, ANewAccountGetsASnippet) {
    run("snippets.yaml", "account.created", outreach_.make("accounts", "account", R"("name":"Contoso")"));
    EXPECT_EQ(outreach_.get("snippets?sort=-id").text("/data/0/attributes/name"), "About Contoso");
}

TEST_F(Workflow, SequenceStatesFollowWhatTheProspectDoes) {
    const std::int64_t prospect = add_prospect(R"("emails":["ada@a.example"])");
    const std::int64_t state = enrol(prospect);
    const std::int64_t mailing = add_mailing(prospect);
    ASSERT_EQ(state_of(state), "active");
    let_happen(mailing, "bounced");
    run("sequence-states.yaml", "mailing.bounced", mailing);
    EXPECT_EQ(state_of(state), "paused");
    const std::int64_t task =
        outreach_.make("tasks", "task", R"("action":"call")", link_to("prospect", "prospect", prospect));
    outreach_.post("tasks/" + std::to_string(task) + "/actions/markComplete");
    run("sequence-states.yaml", "task.completed", task);
    EXPECT_EQ(state_of(state), "active");
    let_happen(mailing, "replied");
    run("sequence-states.yaml", "mailing.replied", mailing);
    EXPECT_EQ(state_of(state), "finished");
    run("sequence-states.yaml", "mailing.replied", mailing); // nothing is left to finish
}

TEST_F(Workflow, AReplyMakesATaskAndAnOptOutClosesAll) {
    const std::int64_t prospect = add_prospect();
    const std::int64_t mailing = add_mailing(prospect);
    let_happen(mailing, "replied");
    run("tasks.yaml", "mailing.replied", mailing);
    const std::string open =
        "tasks?filter[state]=incomplete&filter[prospect][id]=" + std::to_string(prospect);
    ASSERT_EQ(outreach_.get(open).count(), 1U);
    EXPECT_EQ(outreach_.get(open).text("/data/0/attributes/note"), "Replied to Hello");
    change_prospect(prospect, R"("optedOut":true)");
    run("tasks.yaml", "prospect.updated", prospect, R"("optedOut":true)");
    EXPECT_EQ(outreach_.get(open).count(), 0U);
}

TEST_F(Workflow, ACallIsLoggedAndCompletesItsTask) {
    const std::int64_t task = outreach_.make("tasks", "task", R"("action":"call")",
                                             link_to("prospect", "prospect", add_prospect()));
    run("calls.yaml", "task.created", task);
    EXPECT_EQ(outreach_.get("calls").count(), 1U);
    EXPECT_EQ(outreach_.get("tasks/" + std::to_string(task)).text("/data/attributes/state"), "complete");
    const std::int64_t other = outreach_.make("tasks", "task", R"("action":"email")",
                                              link_to("prospect", "prospect", add_prospect()));
    run("calls.yaml", "task.created", other);
    EXPECT_EQ(outreach_.get("calls").count(), 1U) << "of tasks to call alone";
    run("calls.yaml", "task.created", task); // has been logged
    EXPECT_EQ(outreach_.get("calls").count(), 1U);
}

TEST_F(Workflow, ActivityIsHandedOver) {
    const std::int64_t prospect = add_prospect();
    change_prospect(prospect, R"("title":"Countess")");
    run("activity.yaml", "prospect.updated", prospect);
    ASSERT_EQ(crm_.requests().size(), 1U);
    EXPECT_THAT(crm_.requests()[0].body, HasSubstr(R"("name":"prospect_created")"));
    EXPECT_FALSE(crm_.requests()[0].headers.contains("authorization"));
}

TEST_F(Workflow, AUserIsAddedWithoutAnInvitation) {
    const std::int64_t account = outreach_.make("accounts", "account", R"("name":"Contoso")");
    run("users.yaml", "account.created", account);
    EXPECT_EQ(outreach_.get("users?sort=-id&page[size]=1").text("/data/0/attributes/email"),
              "assistant+" + std::to_string(account) + "@example.com");
    EXPECT_EQ(outreach_.control("GET", "invitations").count(""), 0U);
}

TEST_F(Workflow, StatisticsAreHandedOver) {
    const std::int64_t prospect = add_prospect();
    const std::int64_t mailing = add_mailing(prospect);
    let_happen(mailing, "opened");
    run("statistics.yaml", "mailing.opened", mailing);
    ASSERT_EQ(crm_.requests().size(), 1U);
    EXPECT_THAT(crm_.requests()[0].body, HasSubstr(R"("openCount":1)"));
}

TEST_F(Workflow, WhoIsDeletedIsForgotten) {
    const std::int64_t prospect = add_prospect(R"("emails":["a@a.example","b@a.example"])");
    EXPECT_EQ(outreach_.ask("DELETE", "prospects/" + std::to_string(prospect)).status, 204U);
    run("compliance.yaml", "prospect.destroyed", prospect);
    std::size_t asked = 0;
    for (const auto& one : outreach_.subject.requests())
        asked +=
            one.method == "POST" && one.target == "/api/v2/complianceRequests" && one.status < 300 ? 1U : 0U;
    EXPECT_EQ(asked, 2U);
}

/// Runs last: of each shipped file one test has been made.
TEST(Workflows, AreAllTested) {
    std::set<std::string> shipped;
    for (const auto& one : std::filesystem::directory_iterator(OUTREACHD_EXAMPLES))
        shipped.insert(one.path().filename().string());
    EXPECT_EQ(used_files, shipped);
}

} // namespace
} // namespace outreachd::handlers
