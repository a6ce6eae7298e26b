/// Which changes a reload names instead of applying them.
#include "daemon/restart_keys.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace outreachd {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;
using whole = struct settings::settings;

whole running_now() {
    whole made;
    made.listen.tls = settings::tls_files{"/cert", "/key"};
    settings::endpoint& hook = made.endpoints.emplace_back();
    hook.path = "/hook";
    hook.secrets = {secret{"one"}};
    hook.dedup_window = 1h;
    made.handlers.emplace_back().name = "out";
    return made;
}

strings keys_after(const std::function<void(whole&)>& change) {
    whole next = running_now();
    change(next);
    return keys_for_restart(running_now(), next, 1h);
}

TEST(RestartKeys, NamesEachKeyThatKeepsItsOldValue) {
    const struct {
        const char* key;
        std::function<void(whole&)> change;
    } cases[]{
        {"listen.address", [](whole& of) { of.listen.address = "127.0.0.1"; }},
        {"listen.port", [](whole& of) { of.listen.port = 1; }},
        {"listen.limits", [](whole& of) { of.listen.limits.idle_timeout = 1s; }},
        {"listen.plaintext", [](whole& of) { of.listen.plaintext = true; }},
        {"listen.tls", [](whole& of) { of.listen.tls.reset(); }},
        {"store", [](whole& of) { of.store.directory = "/elsewhere"; }},
        {"store", [](whole& of) { of.store.retention.done = 1h; }},
        {"queue", [](whole& of) { of.queue.type = settings::queue_type::amqp; }},
        {"queue", [](whole& of) { of.queue.amqp.nodes.uris = {secret{"amqp://elsewhere"}}; }},
        {"queue", [](whole& of) { of.queue.amqp.partitions = 4; }},
        {"roles", [](whole& of) { of.roles.receives = false; }},
        {"roles", [](whole& of) { of.roles.works = false; }},
        {"admin", [](whole& of) { of.admin.port = 1; }},
        {"admin", [](whole& of) { of.admin.token = secret{"token"}; }},
        {"log.format", [](whole& of) { of.log.format = "json"; }},
        {"endpoints[].dedup_window", [](whole& of) { of.endpoints.front().dedup_window = 2h; }},
    };

    for (const auto& each : cases)
        EXPECT_EQ(keys_after(each.change), strings{each.key}) << each.key;
    EXPECT_EQ(keys_after([](whole& of) {
                  of.listen.port = 1;
                  of.admin.port = 2;
              }),
              (strings{"listen.port", "admin"}));
}

TEST(RestartKeys, NamesNothingThatIsApplied) {
    EXPECT_EQ(keys_after([](whole&) {}), strings{});
    EXPECT_EQ(keys_after([](whole& of) {
                  of.listen.tls = settings::tls_files{"/other", "/files"};
                  of.endpoints.front().secrets = {secret{"two"}};
                  of.endpoints.front().dedup_window = 1min;
                  of.endpoints.emplace_back().dedup_window = 1h;
                  of.handlers.clear();
                  of.routes.emplace_back();
                  of.shutdown_timeout = 1s;
                  of.log.level = "debug";
              }),
              strings{});
}

/// As long as there is no restart it stays so, however often the file is loaded.
TEST(RestartKeys, ComparesTheWindowWithTheStoresOwn) {
    whole longer = running_now();
    longer.endpoints.front().dedup_window = 2h;
    EXPECT_EQ(keys_for_restart(longer, longer, 1h), strings{"endpoints[].dedup_window"});
    EXPECT_EQ(keys_for_restart(longer, longer, 2h), strings{});
}

} // namespace
} // namespace outreachd
