/// Outreach, simulated, and the daemon: webhooks that are made by a command, events that come by them,
/// handlers that call back.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using sandbox::quick_options;
using sandbox::running_sandbox;
using testing::HasSubstr;
using testing::Not;

/// A task for each new prospect, and a note on it when it is done.
constexpr const char* follow_up =
    "  follow-up:\n"
    "    type: outreach\n"
    "    retry: {initial: 50ms, max: 200ms, attempts: 100}\n"
    "    steps:\n"
    "      - name: prospect\n"
    "        get: /prospects/${{ .data.id }}\n"
    "      - name: task\n"
    "        post: /tasks\n"
    "        body:\n"
    "          data:\n"
    "            type: task\n"
    "            attributes: {action: call, note: \"Call ${{ $steps.prospect.data.attributes.firstName "
    "}}\"}\n"
    "            relationships: {prospect: {data: {type: prospect, id: \"${{ .data.id }}\"}},"
    " owner: {data: {type: user, id: 1}}}\n";

class OutreachRound : public testing::Test {
protected:
    explicit OutreachRound(sandbox::options configured = quick_options())
        : outreach_(std::move(configured)) {}

    configuration with(const std::string& rest = {}) const {
        configuration made;
        made.has_tls = false;
        made.handlers = std::string{"  out: {type: file, path: DIRECTORY/out.jsonl}\n"} + follow_up;
        made.routes = "  - {match: \"*\", to: [out]}\n  - {match: prospect.created, to: [follow-up]}\n";
        made.rest = "outreach:\n  base_url: " + outreach_.subject.base_url() +
                    "\n  auth: {type: oauth, client_id: sandbox-client, client_secret: sandbox-secret, "
                    "refresh_token: " +
                    sandbox::known_refresh_token + "}\n" + rest;
        return made;
    }

    std::string webhooks(const std::string& more = {}) const {
        return "webhooks: {url: \"http://127.0.0.1:" + std::to_string(daemon_.port()) +
               "/webhooks/outreach\", subscribe: [prospect.created, task.created" + more + "]}\n";
    }

    /// Starts the daemon, and has Outreach send to it.
    void start() {
        daemon_.configure(with());
        daemon_.start();
        daemon_.configure(with(webhooks()));
        daemon_.signal(SIGHUP);
        const finished_process applied = daemon_.command({"webhooks", "apply", "--yes"});
        ASSERT_EQ(applied.exit_code, 0) << applied.err;
    }

    std::int64_t add_prospect(const std::string& name) {
        return outreach_.make("prospects", "prospect", R"("firstName":")" + name + '"');
    }

    std::vector<std::string> tasks_of(std::int64_t prospect) {
        std::vector<std::string> notes;
        const auto found = outreach_.get("tasks?page[size]=1000");
        for (const auto& one : found.at("/data").as_array()) {
            boost::system::error_code ec;
            const auto* const of = one.find_pointer("/relationships/prospect/data/id", ec);
            if (of != nullptr && of->is_number() && of->to_number<std::int64_t>() == prospect)
                notes.push_back(boost::json::value_to<std::string>(one.at_pointer("/attributes/note")));
        }
        return notes;
    }

    /// Tasks that were made, as Outreach's own record of requests has it.
    std::size_t made_tasks() const {
        const auto seen = outreach_.subject.requests();
        return static_cast<std::size_t>(std::count_if(seen.begin(), seen.end(), [](const auto& one) {
            return one.method == "POST" && one.target == "/api/v2/tasks" && one.status == 201;
        }));
    }

    bool is_followed_up(std::int64_t prospect, std::chrono::milliseconds limit = 20s) {
        return eventually([&] { return !tasks_of(prospect).empty(); }, limit);
    }

    running_sandbox outreach_;
    daemon_under_test daemon_;
};

/// The whole of it, and no event or task twice.
TEST_F(OutreachRound, AChangeAtOutreachComesBackAsATask) {
    start();
    const std::int64_t prospect = add_prospect("Ada");
    ASSERT_TRUE(is_followed_up(prospect)) << daemon_.log();
    ASSERT_TRUE(daemon_.drained());
    EXPECT_THAT(tasks_of(prospect), testing::ElementsAre("Call Ada"));
    // The task's own webhook came, too.
    EXPECT_TRUE(eventually([&] { return daemon_.delivered().size() == 2; }));
    EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);
    EXPECT_GE(daemon_.metric("outreachd_api_requests_total{status=\"201\"}"), 1);
    EXPECT_GT(daemon_.metric("outreachd_api_rate_limit_remaining"), 0);
}

TEST_F(OutreachRound, WebhooksThatAreAppliedTwiceAreAppliedOnce) {
    start();
    EXPECT_EQ(outreach_.get("webhooks").count(), 2U);
    EXPECT_EQ(daemon_.command({"webhooks", "plan"}).exit_code, 0);
    const finished_process again = daemon_.command({"webhooks", "apply", "--yes"});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_THAT(again.out, HasSubstr("nothing to change"));

    daemon_.configure(with(webhooks(", \"mailing.*\"")));
    const finished_process planned = daemon_.command({"webhooks", "plan"});
    EXPECT_EQ(planned.exit_code, 2);
    EXPECT_THAT(planned.out, HasSubstr("+ create mailing.* -> http://127.0.0.1:"));
    EXPECT_EQ(outreach_.get("webhooks").count(), 2U) << "a plan changes nothing";
    const finished_process unasked = daemon_.command({"webhooks", "apply"});
    EXPECT_EQ(unasked.exit_code, 1);
    EXPECT_THAT(unasked.err, HasSubstr("--yes"));
    EXPECT_EQ(daemon_.command({"webhooks", "apply", "--yes"}).exit_code, 0);
    EXPECT_EQ(outreach_.get("webhooks").count(), 3U);
    EXPECT_THAT(daemon_.command({"webhooks", "list"}).out, HasSubstr("mailing.*"));
    EXPECT_THAT(read_file(daemon_.directory().at("store/outreach-webhooks.json")), Not(HasSubstr("\"foo\"")))
        << "of the secret only a fingerprint is kept";
}

TEST_F(OutreachRound, TwoProcessesThatApplyAtOnceMakeEachWebhookOnce) {
    daemon_.configure(with());
    daemon_.start();
    daemon_.configure(with(webhooks()));
    std::vector<std::thread> both;
    for (int n = 0; n < 2; ++n)
        both.emplace_back([&] { EXPECT_EQ(daemon_.command({"webhooks", "apply", "--yes"}).exit_code, 0); });
    for (std::thread& one : both)
        one.join();
    EXPECT_EQ(outreach_.get("webhooks").count(), 2U);
}

class LimitedOutreach : public OutreachRound {
protected:
    LimitedOutreach() : OutreachRound(limited()) {}

    static sandbox::options limited() {
        sandbox::options made = quick_options();
        made.limit = 50;
        made.limit_window = 4s;
        return made;
    }
};

/// More to do than an hour allows (here it has four seconds): deliveries wait, and die of nothing.
TEST_F(LimitedOutreach, AnHourlyLimitThatIsUsedUpIsWaitedFor) {
    start();
    constexpr std::size_t count = 20;
    for (std::size_t n = 0; n < count; ++n)
        add_prospect("P" + std::to_string(n));
    EXPECT_TRUE(eventually([&] { return made_tasks() == count; })) << daemon_.log();
    EXPECT_TRUE(daemon_.drained());
    EXPECT_EQ(made_tasks(), count) << "each once";
    EXPECT_THAT(daemon_.log(), HasSubstr("a handler's deliveries wait"));
    EXPECT_EQ(daemon_.metric("outreachd_dead{handler=\"follow-up\"}"), 0);
}

/// Nobody is let in any more: events are acked and wait, and somebody is told.
TEST_F(OutreachRound, ALoginThatIsNeededHoldsDeliveriesAndLosesNone) {
    configuration outdated = with();
    outdated.rest.replace(outdated.rest.find(sandbox::known_refresh_token),
                          sandbox::known_refresh_token.size(), "one-that-is-gone");
    daemon_.configure(outdated);
    daemon_.start();
    outreach_.make("webhooks", "webhook",
                   R"("url":"http://127.0.0.1:)" + std::to_string(daemon_.port()) +
                       R"(/webhooks/outreach","resource":"prospect","action":"created","secret":"foo")");
    const std::int64_t prospect = add_prospect("Ada");
    EXPECT_TRUE(eventually([&] { return daemon_.delivered().size() == 1; })) << "other handlers go on";
    EXPECT_TRUE(eventually([&] {
        return daemon_.command({"status"}).out.find("auth login") != std::string::npos;
    })) << daemon_.command({"status"}).out;
    EXPECT_TRUE(
        eventually([&] { return daemon_.admin_get("/readyz").find("auth login") != std::string::npos; }));
    EXPECT_EQ(daemon_.command({"webhooks", "list"}).exit_code, 69);
    EXPECT_TRUE(tasks_of(prospect).empty());
    EXPECT_EQ(daemon_.metric("outreachd_dead{handler=\"follow-up\"}"), 0);
    EXPECT_EQ(daemon_.pending_deliveries(), 1);
}

/// The receiver is down while much changes. Everything's final state comes, once; and then nothing is
/// missing.
class OutageOutreach : public OutreachRound {
protected:
    OutageOutreach() : OutreachRound(busy()) {}

    static sandbox::options busy() {
        sandbox::options made = quick_options();
        made.limit = 1'000'000;
        return made;
    }
};

TEST_F(OutageOutreach, WhatChangesWhileNobodyListensIsFetchedAtTheStart) {
    const std::string automatic = "backfill: {on_start: auto, resources: [prospect]}\n";
    daemon_.configure(with(automatic));
    daemon_.start();
    ASSERT_TRUE(
        eventually([&] { return !read_file(daemon_.directory().at("store/outreach-heartbeat")).empty(); }));
    daemon_.kill();

    constexpr int records = 5'000;
    std::set<std::string> changed;
    for (int n = 0; n < records; ++n)
        changed.insert(std::to_string(add_prospect("P" + std::to_string(n))));
    daemon_.start();
    const std::string done = "outreachd_deliveries_total{handler=\"out\",outcome=\"done\"}";
    ASSERT_TRUE(eventually([&] { return daemon_.metric(done) >= records; }, 120s)) << daemon_.log();
    ASSERT_TRUE(daemon_.drained());
    const std::string key = "\"resource_id\":\"";
    std::map<std::string, int> times;
    for (const auto& [id, lines] : daemon_.delivered())
        for (const std::string& line : lines) {
            const std::size_t at = line.find(key) + key.size();
            ++times[line.substr(at, line.find('"', at) - at)];
        }
    for (const auto& [id, count] : times)
        EXPECT_EQ(count, 1) << id;
    for (const std::string& id : changed)
        EXPECT_TRUE(times.contains(id)) << id;

    const finished_process audit = daemon_.command({"backfill", "--since", "1h", "--dry-run"});
    EXPECT_EQ(audit.exit_code, 0) << audit.err;
    EXPECT_THAT(audit.out, testing::ContainsRegex("prospect +50[0-9][0-9] +0 +- +compared"));
    const finished_process far = daemon_.command({"backfill", "--since", "90d"});
    EXPECT_EQ(far.exit_code, 1);
    EXPECT_THAT(far.err, HasSubstr("store.retention.done"));
    EXPECT_EQ(daemon_.command({"backfill"}).exit_code, 0);
}

TEST_F(OutreachRound, ADryRunShowsWhatAnEventWouldCause) {
    daemon_.configure(with());
    const std::int64_t prospect = add_prospect("Ada");
    const std::string body = R"({"data":{"type":"prospect","id":)" + std::to_string(prospect) +
                             R"(,"attributes":{}},"meta":{"eventName":"prospect.created"}})";
    std::ofstream{daemon_.directory().at("event.json")} << body;
    const finished_process shown =
        daemon_.command({"send", daemon_.directory().at("event.json"), "--dry-run"});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("to out (file)"));
    EXPECT_THAT(shown.out, HasSubstr("GET /prospects/" + std::to_string(prospect)));
    EXPECT_THAT(shown.out, testing::ContainsRegex("POST /tasks +.step 'task', not sent."));
    EXPECT_THAT(shown.out, HasSubstr("Call Ada")) << "what only reads is asked";
    EXPECT_EQ(made_tasks(), 0U);
    EXPECT_THAT(daemon_.command({"send", "task.completed", "--dry-run"}).out, Not(HasSubstr("follow-up")));
}

/// What is planted as a secret is nowhere to be read but in the files that are there for it.
TEST_F(OutreachRound, NoSecretIsTold) {
    start();
    ASSERT_TRUE(is_followed_up(add_prospect("Ada")));
    // Outreach refuses the first two, and says why.
    std::string told;
    const auto tell = [&](std::vector<std::string> arguments) {
        const finished_process ran = daemon_.command(std::move(arguments));
        told += ran.out + ran.err;
    };
    tell({"api", "GET", "/nothing"});
    tell({"api", "POST", "/prospects", "--data", "{}"});
    tell({"status", "--json"});
    tell({"events", "list", "--json"});
    tell({"dead", "list", "--json"});
    tell({"webhooks", "list", "--json"});
    tell({"auth", "status", "--json"});
    tell({"check"});
    for (const char* path : {"/metrics", "/readyz", "/api/status", "/api/configuration", "/api/events", "/"})
        told += daemon_.admin_get(path);
    told += daemon_.log() + read_file("/proc/" + std::to_string(daemon_.pid()) + "/cmdline");
    for (const char* secret :
         {"sandbox-secret", "known-refresh-token", "Bearer ", "\"secret\"", "cleanup_token", "\"foo\""})
        EXPECT_THAT(told, Not(HasSubstr(secret)));
}

} // namespace
} // namespace outreachd::tests
