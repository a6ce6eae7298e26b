/// The watch, at the sandbox: what it tells of the webhooks there.
#include "daemon/outreach/watch.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using namespace std::chrono_literals;
using sandbox::becomes_true;
using sandbox::running_sandbox;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Nobody resolves it, so that Outreach suspends what leads there.
constexpr const char* watched_url = "https://nowhere.invalid/hook";

class Watch : public testing::Test {
protected:
    std::shared_ptr<watch> start(std::vector<std::string> events = {"account.created", "task.completed"},
                                 bool repairs = false) {
        settings::outreach to;
        to.base_url = outreach_.subject.base_url();
        to.auth = auth_;
        std::optional<watched_webhooks> watched;
        if (!events.empty()) {
            watched.emplace();
            watched->wanted.url = watched_url;
            watched->wanted.subscribe = std::move(events);
            watched->wanted.repair = repairs;
        }
        shared_ = std::make_shared<handlers::outreach::access>(to, directory_.path());
        auto made = std::make_shared<watch>(shared_, handlers::outreach::client_hooks{}, watched, log_,
                                            hooks_, watch_times{.first = 0ms, .period = 10ms});
        made->start();
        return made;
    }

    static void stop(watch& what) { EXPECT_TRUE(what.finish_stop(std::chrono::steady_clock::now() + 10s)); }

    std::string make_webhook(const std::string& more = {}) {
        return std::to_string(
            outreach_.make("webhooks", "webhook",
                           std::string{R"("url":")"} + watched_url +
                               R"(","resource":"account","action":"created","secret":"s3cret")" + more));
    }

    /// Notes that this host has made it.
    void own(const std::string& id) {
        store::token_file file{directory_.path(), made_webhooks_file};
        store::token_record known;
        known.webhooks.push_back({id, "print", {}});
        const auto lock = file.lock(std::chrono::steady_clock::now() + 10s);
        ASSERT_TRUE(lock.held);
        ASSERT_EQ(file.write(*lock.held, known), "");
    }

    bool is_active(const std::string& id) {
        return outreach_.get("webhooks/" + id).at("/data/attributes/active").as_bool();
    }

    /// A webhook for accounts that sends nothing any more, since nobody could resolve its host.
    std::string suspend_one() {
        const std::string id = make_webhook();
        outreach_.make("accounts", "account", R"("name":"A")");
        EXPECT_TRUE(becomes_true([&] {
            return !outreach_.get("webhooks/" + id).at("/data/attributes/disabledReason").is_null();
        }));
        return id;
    }

    static bool has_looked(const watch& one) { return one.webhooks() && one.webhooks()->looked_at; }

    static bool tells(const watch& one, const std::string& what) {
        const auto problems = one.problems();
        return problems.size() == 1 && problems[0].find(what) != std::string::npos;
    }

    store::temporary_directory directory_;
    log::logger log_{log::level::error, log::format::text};
    running_sandbox outreach_;
    std::variant<settings::oauth_access, settings::s2s_access, settings::token_access> auth_ =
        settings::token_access{.token = secret{sandbox::known_token}};
    std::shared_ptr<handlers::outreach::access> shared_;
    watch_hooks hooks_;
};

TEST_F(Watch, TellsWhichWebhooksSendNothing) {
    const std::string id = suspend_one();
    const wall_time before = wall_now();
    const auto running = start();
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    const webhooks_look look = *running->webhooks();
    stop(*running);
    EXPECT_GE(*look.looked_at, before);
    ASSERT_EQ(look.webhooks.size(), 2U);
    EXPECT_EQ(look.webhooks[0].id, id);
    EXPECT_TRUE(look.webhooks[0].is_active) << "a suspension leaves that as it is";
    EXPECT_THAT(look.webhooks[0].disabled_reason, HasSubstr("can't be resolved"));
    EXPECT_TRUE(look.webhooks[0].disabled_since);
    EXPECT_EQ(look.webhooks[1].id, "") << "nobody has made that one";
    EXPECT_EQ(look.webhooks[1].resource, "task");
    EXPECT_EQ(running->disabled_webhooks(), 1U);
    EXPECT_THAT(running->problems(),
                ElementsAre(HasSubstr("is suspended since"), HasSubstr("has no webhook for task.completed")));
}

TEST_F(Watch, WhatItHasMendedSends) {
    const std::string id = suspend_one();
    own(id);
    const auto running = start({"account.created"}, true);
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    const webhooks_look look = *running->webhooks();
    stop(*running);
    ASSERT_EQ(look.webhooks.size(), 1U);
    EXPECT_EQ(look.webhooks[0].id, id);
    EXPECT_TRUE(look.webhooks[0].sends());
    EXPECT_TRUE(outreach_.get("webhooks/" + id).at("/data/attributes/disabledReason").is_null());
}

/// Nobody is asked before a repair, so that it has to be ours.
TEST_F(Watch, MendsNothingThatSomebodyElseMade) {
    const std::string id = suspend_one();
    const auto running = start({"account.created"}, true);
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    stop(*running);
    EXPECT_FALSE(outreach_.get("webhooks/" + id).at("/data/attributes/disabledReason").is_null());
    EXPECT_EQ(running->disabled_webhooks(), 1U);
    EXPECT_THAT(running->problems(), ElementsAre(HasSubstr("apply --all` takes it over")));
}

/// What it would have told of isn't sent later, as after a suspension.
TEST_F(Watch, AWebhookThatSomebodyHasRemovedSendsNothingUntilThereIsAnother) {
    std::mutex mutex;
    std::vector<std::optional<wall_time>> seen; // each time once
    hooks_.on_look = [&](std::optional<wall_time> since) {
        const std::lock_guard lock(mutex);
        if (seen.empty() || seen.back() != since)
            seen.push_back(since);
    };
    const auto times_seen = [&] {
        const std::lock_guard lock(mutex);
        return seen.size();
    };
    const auto running = start({"account.created"});
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    const std::string id = make_webhook();
    ASSERT_TRUE(becomes_true([&] { return running->problems().empty(); }));
    const wall_time before = wall_now();
    ASSERT_EQ(times_seen(), 1U) << "one that nobody has made yet holds nothing back";
    ASSERT_EQ(outreach_.ask("DELETE", "webhooks/" + id).status, 204U);
    ASSERT_TRUE(becomes_true([&] { return times_seen() == 2; }));
    make_webhook();
    ASSERT_TRUE(becomes_true([&] { return times_seen() == 3; }));
    stop(*running);
    ASSERT_TRUE(seen[1].has_value());
    EXPECT_GE(*seen[1], before - 5s);
    EXPECT_LE(*seen[1], wall_now());
    EXPECT_FALSE(seen[0] || seen[2]);
}

/// Ours or not, `active: false` without a suspension is somebody's wish.
TEST_F(Watch, LeavesSwitchedOffWhatSomebodyHasSwitchedOff) {
    const std::string id = make_webhook(R"(,"active":false)");
    own(id);
    const auto running = start({"account.created"}, true);
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    stop(*running);
    EXPECT_FALSE(is_active(id));
    EXPECT_EQ(running->disabled_webhooks(), 1U);
    EXPECT_THAT(running->problems(), ElementsAre(testing::AllOf(HasSubstr("somebody has switched it off"),
                                                                HasSubstr("apply` makes it active again"))));
}

/// A colleague's beside ours, and one for what nobody wants, are no trouble.
TEST_F(Watch, TellsOfNothingThatHoldsNothingBack) {
    const std::string theirs = make_webhook(R"(,"active":false)");
    own(make_webhook());
    outreach_.make("webhooks", "webhook",
                   std::string{R"("url":")"} + watched_url +
                       R"(","resource":"call","action":"created","active":false)");
    const auto running = start({"account.created"}, true);
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    stop(*running);
    EXPECT_THAT(running->problems(), IsEmpty());
    EXPECT_EQ(running->disabled_webhooks(), 0U);
    EXPECT_FALSE(is_active(theirs));
}

/// What was seen stays, and it is said that it may be old.
TEST_F(Watch, KeepsWhatItSawWhereNothingNewerIsTold) {
    suspend_one();
    const auto running = start();
    ASSERT_TRUE(becomes_true([&] { return has_looked(*running); }));
    outreach_.subject.inject(
        {.path = "/api/v2/webhooks", .times = 1'000, .kind = sandbox::fault_kind::answer, .status = 403});
    ASSERT_TRUE(becomes_true([&] { return !running->webhooks()->problem.empty(); }));
    EXPECT_THAT(running->webhooks()->problem, HasSubstr("403"));
    EXPECT_EQ(running->webhooks()->webhooks.size(), 2U);
    outreach_.subject.clear_faults();
    EXPECT_TRUE(becomes_true([&] { return running->webhooks()->problem.empty(); }));
    stop(*running);
}

TEST_F(Watch, TellsOfNothingWhereNoWebhooksAreConfigured) {
    const auto running = start({});
    EXPECT_FALSE(running->webhooks());
    stop(*running);
    EXPECT_FALSE(running->webhooks());
    EXPECT_THAT(running->problems(), IsEmpty());
}

/// A token that is good for hours, and that Outreach takes no more.
TEST_F(Watch, TellsThatNoTokenIsTaken) {
    auth_ = settings::token_access{.token = secret{"not-the-one"}};
    const auto running = start();
    EXPECT_TRUE(becomes_true([&] { return tells(*running, "lets us in no more"); }));
    EXPECT_THAT(running->webhooks()->problem, HasSubstr("outreach.auth.token"));
    stop(*running);
}

/// Where nobody but the handlers asks for anything.
TEST_F(Watch, TellsWhatAHandlersRequestMetUntilItIsOver) {
    outreach_.subject.inject(
        {.path = "/api/v2", .times = 1'000'000, .kind = sandbox::fault_kind::answer, .status = 401});
    const auto running = start({});
    shared_->refusal().begin("GET /tasks answered 401");
    EXPECT_TRUE(becomes_true([&] { return tells(*running, "lets us in no more"); }));
    outreach_.subject.clear_faults();
    EXPECT_TRUE(becomes_true([&] { return running->problems().empty(); }));
    stop(*running);
}

TEST_F(Watch, TellsThatNoTokenComes) {
    settings::oauth_access to;
    to.client_id = "sandbox-client";
    to.client_secret = secret{"sandbox-secret"};
    to.refresh_token = secret{sandbox::known_refresh_token};
    to.token_url = outreach_.subject.origin() + "/oauth/token";
    auth_ = to;
    outreach_.subject.inject(
        {.path = "/oauth/token", .times = 1'000'000, .kind = sandbox::fault_kind::answer, .status = 400});
    const auto running = start({});
    EXPECT_TRUE(becomes_true([&] { return tells(*running, "gives us no token"); }));
    outreach_.subject.clear_faults();
    EXPECT_TRUE(becomes_true([&] { return running->problems().empty(); }));
    stop(*running);
}

} // namespace
} // namespace outreachd::outreach
