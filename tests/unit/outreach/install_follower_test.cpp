/// Installs that are learnt from deliveries, in a real store.
#include "daemon/outreach/install_follower.hpp"
#include "handlers/outreach/install_tokens.hpp"
#include "tests/unit/outreach_client/test_keys.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

std::string delivery(const std::string& name, const std::string& install,
                     const std::string& app = "our-guid") {
    return R"({"data":{"type":"install","id":")" + install +
           R"(","relationships":{"app":{"data":{"type":"app","id":")" + app +
           R"("}}}},"meta":{"deliveredAt":"2026-07-01T12:00:01","eventName":")" + name + R"("}})";
}

class InstallFollower : public testing::Test {
protected:
    InstallFollower() {
        settings::outreach to;
        to.auth = settings::s2s_access{
            .guid = "our-guid",
            .private_key = secret{handlers::outreach::test::pem_of(handlers::outreach::test::rsa_key())},
            .install = {}};
        shared_ = std::make_shared<handlers::outreach::access>(to, directory_.path());
    }

    install_follower follower(std::set<std::string> proven = {"/hook"}) {
        return {shared_, "our-guid", std::move(proven), events_, log_};
    }

    std::string known() { return shared_->file().read().record.install; }

    store::temporary_directory directory_;
    store::recording_observer watcher_;
    log::logger log_{log::level::error, log::format::text};
    store::store events_{{.directory = directory_.path()}, watcher_};
    std::shared_ptr<handlers::outreach::access> shared_;
};

TEST_F(InstallFollower, LearnsAndForgets) {
    install_follower subject = follower();
    subject.look();
    EXPECT_EQ(known(), "");
    append(events_, store::task_body(1));
    append(events_, delivery("install.created", "i-1"));
    append(events_, store::task_body(2));
    subject.look();
    EXPECT_EQ(known(), "i-1");
    append(events_, delivery("install.created", "i-2"));
    append(events_, delivery("install.deleted", "i-1"));
    subject.look();
    EXPECT_EQ(known(), "i-2") << "of an install that isn't ours any more";
    append(events_, delivery("install.deleted", "i-2"));
    subject.look();
    EXPECT_EQ(known(), "");
}

/// What came while an earlier process looked no more, however long ago that is.
TEST_F(InstallFollower, GoesOnAtTheStartWhereItWas) {
    append(events_, delivery("install.created", "i-1"));
    install_follower first = follower();
    first.look();
    EXPECT_EQ(known(), "i-1");
    append(events_, delivery("install.created", "i-2"));
    install_follower second = follower();
    second.look();
    EXPECT_EQ(known(), "i-2");
}

/// `auth install`, after an install that was heard of.
TEST_F(InstallFollower, TakesNothingOlderThanWhatSomebodySaid) {
    install_follower running = follower();
    append(events_, delivery("install.created", "i-1"));
    ASSERT_EQ(
        handlers::outreach::remember_install(shared_->file(), {"our-guid", "i-2", wall_now()},
                                             std::chrono::steady_clock::now() + std::chrono::seconds{5}),
        "");
    running.look();
    EXPECT_EQ(known(), "i-2");
    install_follower restarted = follower();
    restarted.look();
    EXPECT_EQ(known(), "i-2");
    append(events_, delivery("install.created", "i-3"));
    restarted.look();
    EXPECT_EQ(known(), "i-3");
}

/// A start isn't to go through the whole store where nothing ever happens to installs.
TEST_F(InstallFollower, KeepsItsPlaceWhereNothingHappens) {
    append(events_, store::task_body(1));
    install_follower subject = follower();
    subject.look();
    const auto seen = handlers::outreach::installs_seen_to(shared_->file(), "our-guid");
    ASSERT_TRUE(seen);
    EXPECT_GT(*seen, wall_now() - std::chrono::minutes{1});
    append(events_, store::task_body(2));
    subject.look();
    EXPECT_EQ(handlers::outreach::installs_seen_to(shared_->file(), "our-guid"), seen)
        << "written no more often than it has to be";
}

TEST_F(InstallFollower, TakesNobodysWordButOutreachs) {
    append(events_, delivery("install.created", "i-1", "another-app"));
    append(events_, delivery("install.updated", "i-1"));
    append(events_, delivery("install.created", ""));
    install_follower subject = follower();
    subject.look();
    EXPECT_EQ(known(), "");

    append(events_, delivery("install.created", "i-3"));
    install_follower unproven = follower({"/other"});
    unproven.look();
    EXPECT_EQ(known(), "") << "the endpoint takes what is unsigned";
    install_follower proven = follower();
    proven.look();
    EXPECT_EQ(known(), "i-3");
}

} // namespace
} // namespace outreachd::outreach
