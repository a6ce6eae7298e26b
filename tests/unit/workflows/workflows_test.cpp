/// Each file of config/examples does what its first line says, against the simulated Outreach.
#include "daemon/expression/engine.hpp"
#include "daemon/settings/load_settings.hpp"
#include "handlers/registry.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    }

    /// Gives a webhook's body to each handler that the example's routes send the event to.
    void run(const std::string& file, const std::string& name, const std::string& data) {
        used_files.insert(file);
        const settings::loaded read = settings::load_settings(OUTREACHD_EXAMPLES "/" + file);
        for (const settings::problem& one : read.errors)
            FAIL() << settings::to_text(one, file);
        ASSERT_TRUE(read.settings.outreach);
        const auto shared = std::make_shared<outreach::access>(*read.settings.outreach, directory_ / "");
        const auto engine = std::make_shared<expression::engine>(1);
        int runs = 0;
        for (const settings::route& route : read.settings.routes) {
            if (route.match.front() != name)
                continue;
            for (const settings::handler& one : read.settings.handlers) {
                if (std::find(route.to.begin(), route.to.end(), one.name) == route.to.end())
                    continue;
                const auto made = make_handler(one, log_, engine, {shared, {}});
                const attempt what =
                    test::make_attempt(R"({"data":)" + data + R"(,"meta":{"eventName":")" + name + R"("}})");
                const outcome said = made->handle(what);
                EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason << "\n" << said.last_answer;
                ++runs;
            }
        }
        EXPECT_EQ(runs, 1) << name;
    }

    static std::string resource(const std::string& type, std::int64_t id,
                                const std::string& attributes = {}) {
        return R"({"type":")" + type + R"(","id":)" + std::to_string(id) + R"(,"attributes":{)" + attributes +
               "}}";
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
    scripted_server crm_{[](const recorded_request&) { return test_servers::http_ok("{}"); }};
    test::scratch_directory directory_;
    log::logger log_{log::level::error, log::format::text};
};

TEST_F(Workflow, AccountsAreFoundOrMadeAndLinked) {
    const std::int64_t known = outreach_.make("accounts", "account", R"("name":"Known, Inc.")");
    const std::int64_t first = add_prospect(R"("company":"Known, Inc.")");
    run("accounts.yaml", "prospect.created", resource("prospect", first, R"("company":"Known, Inc.")"));
    EXPECT_EQ(
        outreach_.get("prospects/" + std::to_string(first)).number("/data/relationships/account/data/id"),
        known);
    const std::int64_t second = add_prospect(R"("company":"New & Co")");
    run("accounts.yaml", "prospect.created", resource("prospect", second, R"("company":"New & Co")"));
    const auto account =
        outreach_.get("prospects/" + std::to_string(second)).number("/data/relationships/account/data/id");
    EXPECT_EQ(outreach_.get("accounts/" + std::to_string(account)).text("/data/attributes/name"), "New & Co");
}

TEST_F(Workflow, ANewAccountGetsAProspect) {
    const std::int64_t account = outreach_.make("accounts", "account", R"("name":"A","domain":"a.example")");
    run("prospects.yaml", "account.created", resource("account", account, R"("domain":"a.example")"));
    const auto found = outreach_.get("prospects?filter[account][id]=" + std::to_string(account));
    ASSERT_EQ(found.count(), 1U);
    EXPECT_EQ(found.text("/data/0/attributes/emails/0"), "info@a.example");
}

TEST_F(Workflow, ANewUserGetsASequence) {
    const auto before = outreach_.get("sequenceTemplates").count();
    run("sequences.yaml", "user.created", resource("user", 1, R"("firstName":"Nadia")"));
    EXPECT_EQ(outreach_.get("sequenceTemplates").count(), before + 1);
    EXPECT_EQ(outreach_.get("sequences?sort=-id&page[size]=1").text("/data/0/attributes/name"),
              "Welcome by Nadia");
}

TEST_F(Workflow, ANewSequenceGetsItsRules) {
    const std::int64_t sequence = first_of("sequences");
    run("rulesets.yaml", "sequence.created", resource("sequence", sequence, R"("name":"S")"));
    EXPECT_GT(
        outreach_.get("sequences/" + std::to_string(sequence)).number("/data/relationships/ruleset/data/id"),
        0);
}

TEST_F(Workflow, ANewAccountGetsASnippet) {
    run("snippets.yaml", "account.created", resource("account", 1, R"("name":"Contoso")"));
    EXPECT_EQ(outreach_.get("snippets?sort=-id").text("/data/0/attributes/name"), "About Contoso");
}

TEST_F(Workflow, SequenceStatesFollowWhatTheProspectDoes) {
    const std::int64_t prospect = add_prospect(R"("emails":["ada@a.example"])");
    const std::int64_t state = enrol(prospect);
    const std::int64_t mailing = add_mailing(prospect);
    ASSERT_EQ(state_of(state), "active");
    run("sequence-states.yaml", "mailing.bounced", resource("mailing", mailing));
    EXPECT_EQ(state_of(state), "paused");
    const std::int64_t task =
        outreach_.make("tasks", "task", R"("action":"call")", link_to("prospect", "prospect", prospect));
    run("sequence-states.yaml", "task.completed", resource("task", task));
    EXPECT_EQ(state_of(state), "active");
    run("sequence-states.yaml", "mailing.replied", resource("mailing", mailing));
    EXPECT_EQ(state_of(state), "finished");
    run("sequence-states.yaml", "mailing.replied", resource("mailing", mailing)); // nothing is left to finish
}

TEST_F(Workflow, AReplyMakesATaskAndAnOptOutClosesAll) {
    const std::int64_t prospect = add_prospect();
    run("tasks.yaml", "mailing.replied", resource("mailing", add_mailing(prospect)));
    const std::string open =
        "tasks?filter[state]=incomplete&filter[prospect][id]=" + std::to_string(prospect);
    ASSERT_EQ(outreach_.get(open).count(), 1U);
    EXPECT_EQ(outreach_.get(open).text("/data/0/attributes/note"), "Replied to Hello");
    run("tasks.yaml", "prospect.updated", resource("prospect", prospect, R"("optedOut":true)"));
    EXPECT_EQ(outreach_.get(open).count(), 0U);
}

TEST_F(Workflow, ACallIsLoggedAndCompletesItsTask) {
    const std::int64_t task = outreach_.make("tasks", "task", R"("action":"call")",
                                             link_to("prospect", "prospect", add_prospect()));
    run("calls.yaml", "task.updated", resource("task", task, R"("action":"call")"));
    EXPECT_EQ(outreach_.get("calls").count(), 1U);
    EXPECT_EQ(outreach_.get("tasks/" + std::to_string(task)).text("/data/attributes/state"), "complete");
}

TEST_F(Workflow, ActivityIsHandedOver) {
    const std::int64_t prospect = add_prospect();
    run("activity.yaml", "prospect.updated", resource("prospect", prospect));
    ASSERT_EQ(crm_.requests().size(), 1U);
    EXPECT_THAT(crm_.requests()[0].body, HasSubstr(R"("name":"prospect_created")"));
    EXPECT_FALSE(crm_.requests()[0].headers.contains("authorization"));
}

TEST_F(Workflow, AUserIsAddedWithoutAnInvitation) {
    run("users.yaml", "account.created", resource("account", 1, R"("name":"Contoso")"));
    EXPECT_EQ(outreach_.get("users?sort=-id&page[size]=1").text("/data/0/attributes/email"),
              "assistant+1@example.com");
    EXPECT_EQ(outreach_.control("GET", "invitations").count(""), 0U);
}

TEST_F(Workflow, StatisticsAreHandedOver) {
    const std::int64_t prospect = add_prospect();
    const std::int64_t mailing = add_mailing(prospect);
    outreach_.control("POST", "mailings/" + std::to_string(mailing) + "/opened");
    run("statistics.yaml", "mailing.opened", resource("mailing", mailing));
    ASSERT_EQ(crm_.requests().size(), 1U);
    EXPECT_THAT(crm_.requests()[0].body, HasSubstr(R"("openCount":1)"));
}

TEST_F(Workflow, WhoIsDeletedIsForgotten) {
    run("compliance.yaml", "prospect.destroyed",
        resource("prospect", 7, R"("emails":["a@a.example","b@a.example"])"));
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
