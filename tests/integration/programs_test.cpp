/// Programs of `exec` handlers under a daemon as it really runs: with its threads, files and secrets.
#include "tests/integration/daemon_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include <sys/stat.h>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// Every event goes to the handler `run`, whose `command` is a script at DIRECTORY/script.
configuration with_program() {
    configuration what;
    what.handlers = "  run: {type: exec, command: [DIRECTORY/script], cwd: DIRECTORY}\n";
    what.routes = "  - {match: \"*\", to: [run]}\n";
    what.rest = "shutdown_timeout: 1s\n";
    return what;
}

void write_script(const daemon_under_test& daemon, const std::string& script) {
    const std::string path = daemon.directory().at("script");
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    ::chmod(path.c_str(), 0755);
}

TEST(Programs, GetNothingOfTheDaemonsThatTheyShouldNotHave) {
    daemon_under_test daemon(with_program());
    // The shell reads its status itself: while it starts another program, it blocks all signals for a moment.
    write_script(daemon, "env >environment\n"
                         "while read -r line; do echo \"$line\"; done </proc/self/status >signals\n"
                         "cat >body\n"
                         "exec ls /proc/self/fd >descriptors");
    ::setenv("OUTREACHD_TEST_SECRET", "hidden", 1);
    // A supervisor that ignores SIGCHLD hands that down; then no child's end can be learnt.
    daemon.start({"env", "--ignore-signal=CHLD"});
    ::unsetenv("OUTREACHD_TEST_SECRET");
    ASSERT_EQ(daemon.command({"send", "task.completed", "--insecure"}).exit_code, 0);
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.metric("outreachd_deliveries_total{handler=\"run\",outcome=\"done\"}"), 1);
    const auto seen = [&](const char* file) { return read_file(daemon.directory().at(file)); };
    EXPECT_THAT(seen("body"), HasSubstr("\"eventName\":\"task.completed\""));
    EXPECT_THAT(seen("environment"), HasSubstr("OUTREACHD_EVENT_NAME=task.completed\n"));
    EXPECT_THAT(seen("environment"), HasSubstr("OUTREACHD_HANDLER=run\n"));
    EXPECT_THAT(seen("environment"), Not(HasSubstr("hidden")));
    // The last is the folder, which ls reads.
    EXPECT_EQ(seen("descriptors"), "0\n1\n2\n3\n");
    EXPECT_THAT(seen("signals"), testing::ContainsRegex("SigBlk:[[:space:]]0000000000000000\n"));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Programs, AreNotLeftBehindByAStop) {
    daemon_under_test daemon(with_program());
    write_script(
        daemon, "trap '' TERM; sleep 60 & echo $$ $! >ids.new; mv ids.new ids; while :; do sleep 0.05; done");
    daemon.start();
    ASSERT_EQ(daemon.command({"send", "task.completed", "--insecure"}).exit_code, 0);
    ASSERT_TRUE(eventually([&] { return !read_file(daemon.directory().at("ids")).empty(); }));
    EXPECT_EQ(daemon.stop(), 0);
    pid_t program = 0;
    pid_t descendant = 0;
    std::ifstream(daemon.directory().at("ids")) >> program >> descendant;
    const auto is_dead = [](pid_t id) {
        const std::string about = read_file("/proc/" + std::to_string(id) + "/stat");
        return about.empty() || about.find(") Z ") != std::string::npos;
    };
    EXPECT_TRUE(eventually([&] { return is_dead(program) && is_dead(descendant); }));

    // What it was at is delivered after the next start.
    write_script(daemon, "exit 0");
    daemon.start();
    EXPECT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.metric("outreachd_deliveries_total{handler=\"run\",outcome=\"done\"}"), 1);
}

} // namespace
} // namespace outreachd::tests
