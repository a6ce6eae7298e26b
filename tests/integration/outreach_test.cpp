/// Outreach, simulated, and the daemon: webhooks that are made by a command, events that come by them,
/// handlers that call back.
#include "tests/integration/outreach_round.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using sandbox::quick_options;
using testing::HasSubstr;
using testing::Not;

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
                          sandbox::known_refresh_token.size(),
                          "one-that-is-gone, scopes: [prospects.all, tasks.all]");
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

    log_in();
    EXPECT_TRUE(is_followed_up(prospect, 90s)) << daemon_.log();
    EXPECT_TRUE(daemon_.drained());
    EXPECT_THAT(tasks_of(prospect), testing::ElementsAre("Call Ada"));
    EXPECT_EQ(daemon_.metric("outreachd_dead{handler=\"follow-up\"}"), 0);
}

/// Roles keep until a restart, and with them what only a receiver does.
TEST_F(OutreachRound, AReceiverThatAReloadMakesAWorkerGoesOnWithWebhooksAndBackfill) {
    const std::string receives = webhooks() + "backfill: {resources: [prospect]}\n";
    daemon_.configure(with(receives));
    daemon_.start();
    const auto tells_of_both = [&] {
        const auto told = boost::json::parse(daemon_.command({"status", "--json"}).out).as_object();
        return told.contains("webhooks") && told.contains("backfill");
    };
    EXPECT_TRUE(tells_of_both());
    daemon_.configure(
        with(receives + "roles: [work]\nqueue: {type: amqp, amqp: {uri: \"amqp://127.0.0.1:1\"}}\n"));
    daemon_.signal(SIGHUP);
    ASSERT_TRUE(eventually([&] {
        return daemon_.log().find("the configuration was loaded anew") != std::string::npos;
    })) << daemon_.log();
    EXPECT_THAT(daemon_.log(), HasSubstr("key=roles"));
    EXPECT_TRUE(tells_of_both());
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

} // namespace
} // namespace outreachd::tests
