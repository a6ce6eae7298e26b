/// Several hosts that make webhooks server to server, and answers that never come, at the sandbox.
#include "daemon/outreach/webhook_set.hpp"
#include "handlers/outreach/access.hpp"
#include "tests/unit/outreach_client/test_keys.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace outreachd::outreach {
namespace {

using namespace std::chrono_literals;
using sandbox::running_sandbox;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

settings::outreach s2s(running_sandbox& at) {
    settings::outreach made;
    made.base_url = at.subject.base_url();
    made.auth = settings::s2s_access{
        .guid = sandbox::options{}.s2s_guid,
        .private_key = secret{handlers::outreach::test::pem_of(handlers::outreach::test::rsa_key())},
        .install = sandbox::options{}.install};
    return made;
}

settings::webhooks wanted() {
    settings::webhooks made;
    made.url = "https://hooks.example.com/w";
    made.subscribe = {"task.completed"};
    made.signing = secret{"s3cret"};
    return made;
}

/// With a store of its own.
class host {
public:
    explicit host(running_sandbox& at, bool takes_over = false)
        : how_(s2s(at)), access_(std::make_unique<handlers::outreach::access>(how_, directory_.path())),
          client_(*access_, handlers::outreach::caller::operator_command),
          set_(client_, directory_.path(), how_, wanted(), takes_over) {}

    template <typename WhileAsked>
    applied_plan apply(WhileAsked while_asked) {
        return set_.apply(std::chrono::steady_clock::now() + 20s, [&](const webhook_plan&) {
            while_asked();
            return true;
        });
    }

    applied_plan apply() {
        return apply([] {});
    }

    webhook_plan plan() { return set_.plan(std::chrono::steady_clock::now() + 20s).plan; }

private:
    store::temporary_directory directory_;
    const settings::outreach how_;
    std::unique_ptr<handlers::outreach::access> access_;
    handlers::outreach::client client_;
    webhook_set set_;
};

std::vector<std::string> ids_at(running_sandbox& at) {
    std::vector<std::string> ids;
    const auto listed = at.get("webhooks");
    for (const auto& one : listed.at("/data").as_array())
        ids.push_back(std::to_string(one.at("id").to_number<std::int64_t>()));
    return ids;
}

/// Neither knows of the other's; each would be left with all events twice.
TEST(WebhookSet, OfTwoHostsThatApplyAtOnceEachRemovesTheYoungerTwin) {
    for (const bool is_first_to_mend : {true, false}) {
        running_sandbox outreach;
        host first{outreach};
        host second{outreach};
        EXPECT_EQ(first.apply([&] { EXPECT_EQ(second.apply().problem, ""); }).problem, "");
        const auto twins = ids_at(outreach);
        ASSERT_THAT(twins, testing::SizeIs(2));
        const applied_plan mended = is_first_to_mend ? first.apply() : second.apply();
        EXPECT_EQ(mended.problem, "");
        EXPECT_THAT(mended.plan.remarks, IsEmpty());
        EXPECT_THAT(ids_at(outreach), ElementsAre(twins.front()));
        for (host* const one : {&first, &second}) {
            EXPECT_EQ(one->apply().problem, "");
            EXPECT_TRUE(one->plan().is_empty()) << to_text(one->plan());
            EXPECT_THAT(one->plan().remarks, IsEmpty());
        }
        EXPECT_THAT(ids_at(outreach), ElementsAre(twins.front()));
    }
}

/// As a host does that has lost its store: what it takes over it knows for its own from then on.
TEST(WebhookSet, KnowsWhatItHasTakenOver) {
    running_sandbox outreach;
    host first{outreach};
    EXPECT_EQ(first.apply().problem, "");
    host second{outreach, true};
    EXPECT_THAT(to_text(second.plan()), HasSubstr("not known to be ours, is taken over"));
    EXPECT_EQ(second.apply().problem, "");
    EXPECT_TRUE(second.plan().is_empty()) << to_text(second.plan());
    EXPECT_THAT(ids_at(outreach), testing::SizeIs(1));
}

/// It was made, and nobody here was told: not so that it is a stranger's for good.
TEST(WebhookSet, KnowsAWebhookWhoseAnswerWasLost) {
    running_sandbox outreach;
    host one{outreach};
    outreach.subject.inject({.method = "POST",
                             .path = "/api/v2/webhooks",
                             .kind = sandbox::fault_kind::reset,
                             .carries_out = true});
    EXPECT_THAT(one.apply().problem, HasSubstr("whether it was done is not known"));
    const auto made = ids_at(outreach);
    ASSERT_THAT(made, testing::SizeIs(1));
    const webhook_plan plan = one.plan();
    EXPECT_TRUE(plan.is_empty()) << to_text(plan);
    EXPECT_THAT(plan.remarks, IsEmpty());
    EXPECT_EQ(one.apply().problem, "");
    EXPECT_THAT(ids_at(outreach), ElementsAre(made.front()));
}

/// What Outreach has refused to make isn't waited for, and isn't found in what somebody else makes.
TEST(WebhookSet, TakesNobodyElsesForOneThatWasRefused) {
    running_sandbox outreach;
    host one{outreach};
    outreach.subject.inject(
        {.method = "POST", .path = "/api/v2/webhooks", .kind = sandbox::fault_kind::answer, .status = 422});
    EXPECT_THAT(one.apply().problem, HasSubstr("422"));
    outreach.make("webhooks", "webhook",
                  R"("url":"https://hooks.example.com/w","resource":"task","action":"completed")");
    EXPECT_THAT(one.plan().remarks, ElementsAre(HasSubstr("was made by somebody else")));
}

/// By an app that isn't ours, while nobody knew whether ours was made.
TEST(WebhookOwnership, AnotherAppsIsNotTheOneThatWasBegun) {
    webhook theirs;
    theirs.id = "7";
    theirs.url = "u";
    theirs.resource = "task";
    theirs.action = "completed";
    theirs.creator_app = "another";
    webhook ours = theirs;
    ours.id = "8";
    ours.creator_app = "our-app";
    ours.cleanup_token = secret{"eyJh"};
    webhook younger = ours;
    younger.id = "10";
    store::token_record known;
    known.webhooks.push_back({{}, "print", {}, begun_text("task.completed", "u")});

    store::token_record settled = known;
    settle_begun(settled, {younger, theirs, ours}, "our-app");
    EXPECT_THAT(settled.webhooks, ElementsAre(store::made_webhook{"8", "print", secret{"eyJh"}}));
    EXPECT_EQ(settled.app, "our-app");

    settled = known;
    settle_begun(settled, {theirs}, "our-app");
    EXPECT_THAT(settled.webhooks, IsEmpty());
    EXPECT_EQ(settled.app, "");
}

/// A webhook that was taken over says nothing of whose we are.
TEST(WebhookOwnership, IsLearntOfWhatWeMadeAlone) {
    store::token_record known;
    known.webhooks.push_back({"1", "print", {}});
    webhook taken_over;
    taken_over.id = "1";
    taken_over.creator_app = "another";
    webhook other = taken_over;
    other.id = "2";
    settle_begun(known, {taken_over, other}, "");
    EXPECT_FALSE(is_ours(other, ownership_of("", known)));
    known.app = "another";
    EXPECT_TRUE(is_ours(other, ownership_of("", known)));
    EXPECT_FALSE(is_ours(other, ownership_of("our-app", known))) << "what is configured counts";
}

} // namespace
} // namespace outreachd::outreach
