/// What an operator does about deliveries that died, and about events that are to be delivered again.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace outreachd::tests {
namespace {

using testing::HasSubstr;
using strings = std::vector<std::string>;

constexpr std::size_t events = 6;

/// Two handlers whose files can't be written until their directories are made.
configuration of_two_handlers() {
    configuration what;
    what.handlers =
        "  a: {type: file, path: DIRECTORY/a/out.jsonl, retry: {attempts: 2, initial: 1ms, max: 1ms}}\n"
        "  b: {type: file, path: DIRECTORY/b/out.jsonl, retry: {attempts: 2, initial: 1ms, max: 1ms}}\n";
    what.routes = "  - {match: \"*\", to: [a, b]}\n";
    return what;
}

/// The values of a member in JSON, in order.
strings values_of(const std::string& json, const std::string& member) {
    strings found;
    const std::string key = "\"" + member + "\":\"";
    for (std::size_t at = json.find(key); at != std::string::npos; at = json.find(key, at + 1))
        found.push_back(json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size()));
    return found;
}

strings lines_of(const std::string& file) {
    strings found;
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);)
        found.push_back(line);
    return found;
}

class Mending : public testing::Test {
protected:
    Mending() { daemon.start(); }

    void send_all() {
        wire_client client(daemon.port());
        for (std::size_t i = 1; i <= events; ++i) {
            ASSERT_TRUE(client.send(signed_post(numbered_body(i))));
            ASSERT_EQ(client.read_answer().status, 200);
        }
        ASSERT_TRUE(daemon.drained());
    }

    strings dead(strings narrowed = {}) {
        strings all{"dead", "list", "--json"};
        all.insert(all.end(), narrowed.begin(), narrowed.end());
        return values_of(daemon.command(all).out, "id");
    }

    /// Runs a command that changes something; afterwards nothing waits, and every event is accounted for.
    std::string change(const strings& command) {
        const auto done = daemon.command(command);
        EXPECT_EQ(done.exit_code, 0) << done.err;
        EXPECT_TRUE(daemon.drained());
        EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
        return done.out;
    }

    void make_directory(const char* name) const {
        std::filesystem::create_directory(daemon.directory().at(name));
    }

    strings delivered_to(const char* handler) const {
        return lines_of(daemon.directory().at(std::string(handler) + "/out.jsonl"));
    }

    daemon_under_test daemon{of_two_handlers()};
};

TEST_F(Mending, DeadDeliveriesAreSeenReplayedAndDiscarded) {
    send_all();
    ASSERT_EQ(dead().size(), 2 * events);
    EXPECT_EQ(dead({"--handler", "a"}).size(), events);
    EXPECT_EQ(dead({"--resource", "task:3"}).size(), 2U);
    EXPECT_EQ(dead({"--limit", "4"}).size(), 4U);
    EXPECT_EQ(daemon.metric("outreachd_dead{handler=\"a\"}"), events);
    EXPECT_THAT(daemon.command({"dead", "list"}).out, HasSubstr("/a/out.jsonl"));

    const std::string of_a = dead({"--handler", "a", "--resource", "task:3"}).at(0);
    const auto shown = daemon.command({"dead", "show", of_a});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("#2  dead"));
    EXPECT_THAT(shown.out, HasSubstr("No such file or directory"));

    // Nothing was mended yet: it dies again, and is the same delivery.
    EXPECT_EQ(change({"dead", "replay", of_a}), "replayed 1 delivery\n");
    EXPECT_EQ(dead({"--handler", "a", "--resource", "task:3"}), strings{of_a});

    make_directory("a");
    EXPECT_EQ(change({"dead", "replay", of_a}), "replayed 1 delivery\n");
    ASSERT_EQ(delivered_to("a").size(), 1U);
    EXPECT_THAT(delivered_to("a").front(), HasSubstr("\"delivery_id\":\"" + of_a + "\""));
    EXPECT_EQ(daemon.command({"dead", "replay", of_a}).exit_code, 1) << "it isn't dead any more";
    EXPECT_EQ(change({"dead", "replay", "--handler", "a"}), "replayed 5 deliveries\n");
    EXPECT_EQ(delivered_to("a").size(), events);
    EXPECT_EQ(dead().size(), events);

    make_directory("b");
    EXPECT_EQ(change({"dead", "discard", dead().at(0)}), "discarded 1 delivery\n");
    EXPECT_EQ(change({"dead", "replay", "--all"}), "replayed 5 deliveries\n");
    EXPECT_EQ(delivered_to("b").size(), events - 1);
    EXPECT_EQ(daemon.command({"dead", "list"}).out, "nothing is dead\n");
    EXPECT_EQ(daemon.metric("outreachd_dead{handler=\"b\"}"), 0);
}

TEST_F(Mending, DeadDeliveriesAreDiscardedTogether) {
    send_all();
    EXPECT_EQ(change({"dead", "discard", "--handler", "a", "--resource", "task:1"}),
              "discarded 1 delivery\n");
    EXPECT_EQ(change({"dead", "discard", "--all"}), "discarded 11 deliveries\n");
    EXPECT_EQ(
        values_of(daemon.command({"events", "list", "--state", "discarded", "--json"}).out, "received_at")
            .size(),
        events);
    // They are over, and it is still possible to have them delivered.
    make_directory("a");
    make_directory("b");
    EXPECT_EQ(change({"events", "replay", "--since", "1h"}), "replayed 6 events: 12 new deliveries\n");
    EXPECT_EQ(delivered_to("a").size() + delivered_to("b").size(), 2 * events);
}

TEST_F(Mending, EventsAreDeliveredAnew) {
    make_directory("a");
    make_directory("b");
    send_all();
    ASSERT_EQ(delivered_to("a").size(), events);
    const std::string first = values_of(delivered_to("a").front(), "id").at(0);
    EXPECT_EQ(change({"events", "replay", first}), "replayed 1 event: 2 new deliveries\n");
    EXPECT_EQ(change({"events", "replay", first, "--handler", "b"}), "replayed 1 event: 1 new delivery\n");
    EXPECT_EQ(change({"events", "replay", "--since", "1h", "--handler", "a"}),
              "replayed 6 events: 6 new deliveries\n");
    EXPECT_EQ(change({"events", "replay", "--since", "1h"}), "replayed 6 events: 12 new deliveries\n");
    EXPECT_EQ(delivered_to("a").size(), 3 * events + 1);
    EXPECT_EQ(delivered_to("b").size(), 2 * events + 2);
    // Each is a delivery of its own.
    strings ids;
    for (const std::string& line : delivered_to("a"))
        ids.push_back(values_of(line, "delivery_id").at(0));
    std::ranges::sort(ids);
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
    EXPECT_THAT(daemon.command({"events", "show", first}).out, HasSubstr("done"));
}

/// After a crash the same deliveries are dead, and what was replayed is delivered.
TEST_F(Mending, WhatWasReplayedSurvivesACrash) {
    send_all();
    make_directory("a");
    const auto replayed = daemon.command({"dead", "replay", "--handler", "a"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
    daemon.kill();
    daemon.start();
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(numbers_in(daemon.delivered("a/out.jsonl")), (std::set<std::uint64_t>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(dead().size(), events);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

} // namespace
} // namespace outreachd::tests
