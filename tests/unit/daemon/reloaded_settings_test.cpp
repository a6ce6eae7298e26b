#include "daemon/reloaded_settings.hpp"
#include "daemon/restart_keys.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

using namespace std::chrono_literals;
using whole = struct settings::settings;

whole running() {
    whole made;
    made.listen.tls = settings::tls_files{"/cert", "/key"};
    made.endpoints.emplace_back().path = "/hook";
    made.handlers.emplace_back().name = "out";
    made.routes.emplace_back().to = {"out"};
    made.webhooks.emplace().url = "https://one.example/hook";
    made.backfill.is_automatic = true;
    return made;
}

TEST(KeepForRoles, KeepsWhatTheFileNoLongerNamesForThem) {
    whole none;
    none.roles.receives = none.roles.works = false;
    keep_for_roles(running(), none);
    EXPECT_EQ(none.endpoints, running().endpoints);
    EXPECT_EQ(none.webhooks, running().webhooks);
    EXPECT_EQ(none.backfill, running().backfill);
    EXPECT_EQ(none.handlers.size(), 1U);
    EXPECT_EQ(none.routes.size(), 1U);
}

/// Else the log would name keys that stand in the file as before.
TEST(KeepForRoles, LeavesTheRolesAloneToBeNamedForARestart) {
    whole in_force = running();
    in_force.listen.address = "192.0.2.1";
    in_force.listen.limits.idle_timeout = 1s;
    whole read; // passed over, and so with its defaults
    read.roles.receives = read.roles.works = false;
    keep_for_roles(in_force, read);
    EXPECT_EQ(keys_for_restart(in_force, read, 24h), std::vector<std::string>{"roles"});
}

TEST(KeepForRoles, KeepsNothingForARoleThatStays) {
    whole only_receives;
    only_receives.roles.works = false;
    keep_for_roles(running(), only_receives);
    EXPECT_TRUE(only_receives.endpoints.empty());
    EXPECT_FALSE(only_receives.webhooks);
    EXPECT_EQ(only_receives.handlers.size(), 1U);

    whole both;
    keep_for_roles(running(), both);
    EXPECT_TRUE(both.endpoints.empty());
    EXPECT_TRUE(both.handlers.empty());
    EXPECT_TRUE(both.routes.empty());
}

TEST(TakeOver, TakesAllThatNeedsNoRestart) {
    whole read;
    read.listen.tls = settings::tls_files{"/other", "/files"};
    read.endpoints.resize(2);
    read.handlers.resize(3);
    read.routes.resize(4);
    read.shutdown_timeout = 1s;
    read.log.level = "debug";
    read.outreach.emplace().reserve = 0.5;
    read.webhooks.emplace().url = "https://two.example/hook";
    read.backfill.resources = {"call"};
    whole in_force = running();
    take_over(in_force, read);
    EXPECT_EQ(in_force.listen.tls, read.listen.tls);
    EXPECT_EQ(in_force.endpoints, read.endpoints);
    EXPECT_EQ(in_force.handlers.size(), 3U);
    EXPECT_EQ(in_force.routes.size(), 4U);
    EXPECT_EQ(in_force.shutdown_timeout, 1s);
    EXPECT_EQ(in_force.log.level, "debug");
    EXPECT_EQ(in_force.outreach, read.outreach);
    EXPECT_EQ(in_force.webhooks, read.webhooks);
    EXPECT_EQ(in_force.backfill, read.backfill);
}

/// So they are named again by each reload, until there is a restart.
TEST(TakeOver, LeavesWhatNeedsOne) {
    whole read = running();
    read.listen.address = "127.0.0.1";
    read.listen.port = 1;
    read.listen.limits.idle_timeout = 1s;
    read.listen.plaintext = true;
    read.listen.tls.reset();
    read.store.directory = "/elsewhere";
    read.queue.type = settings::queue_type::amqp;
    read.roles.works = false;
    read.admin.port = 2;
    read.log.format = "json";
    whole in_force = running();
    const auto named = keys_for_restart(in_force, read, 24h);
    EXPECT_EQ(named.size(), 10U);
    take_over(in_force, read);
    EXPECT_EQ(keys_for_restart(in_force, read, 24h), named);
    EXPECT_TRUE(keys_for_restart(in_force, running(), 24h).empty());
}

} // namespace
} // namespace outreachd
