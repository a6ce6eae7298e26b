/// The commands, as an operator types them.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace outreachd::tests {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Check, ReportsAllErrorsOfEachBrokenFile) {
    int files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(OUTREACHD_SOURCES "/tests/unit/settings/broken")) {
        if (entry.path().extension() != ".yaml")
            continue;
        ++files;
        const std::string path = entry.path().string();
        // As the service: to anybody else a secret that can't be read is a warning.
        const auto checked =
            run_program({"env", "INVOCATION_ID=of-the-test", OUTREACHD_PROGRAM, "check", "-c", path});
        EXPECT_EQ(checked.exit_code, 78) << path;
        auto expected = entry.path();
        expected.replace_extension(".expected");
        std::istringstream lines(read_file(expected.string()));
        for (std::string line; std::getline(lines, line);)
            EXPECT_THAT(checked.err, HasSubstr(path + ":" + line)) << path;
    }
    EXPECT_GE(files, 80);
}

TEST(Check, OutsideTheServiceOnlyWarnsOfItsSecrets) {
    for (const char* const secret : {"{credential: webhook}", "{env: OUTREACHD_TEST_NEVER_SET}"}) {
        configuration what;
        what.secrets = std::string("[") + secret + "]";
        const daemon_under_test daemon(what);
        const auto outside = run_program({"env", "-u", "INVOCATION_ID", "-u", "CREDENTIALS_DIRECTORY",
                                          OUTREACHD_PROGRAM, "check", "-c", daemon.config_path()});
        EXPECT_EQ(outside.exit_code, 0) << secret;
        EXPECT_THAT(outside.err, HasSubstr(": warning: ")) << secret;
        const auto inside = run_program(
            {"env", "INVOCATION_ID=of-the-test", OUTREACHD_PROGRAM, "check", "-c", daemon.config_path()});
        EXPECT_EQ(inside.exit_code, 78) << secret;
        EXPECT_THAT(inside.err, Not(HasSubstr("warning: "))) << secret;
    }
}

TEST(Check, NamesAMissingFile) {
    const auto checked = run_program({OUTREACHD_PROGRAM, "check", "-c", "/nowhere/outreachd.yaml"});
    EXPECT_EQ(checked.exit_code, 78);
    EXPECT_THAT(checked.err, HasSubstr("/nowhere/outreachd.yaml"));
    EXPECT_EQ(run_program({OUTREACHD_PROGRAM, "serve", "-c", "/nowhere/outreachd.yaml"}).exit_code, 78);
}

TEST(Sandbox, SaysHowToUseItAndRunsUntilStopped) {
    const scratch directory;
    for (const char* const signal : {"TERM", "INT"}) {
        // A shell ignores SIGINT for what it runs in the background; `env` gives it back.
        const auto ran = run_program({"sh", "-c",
                                      R"(env --default-signal=INT "$1" sandbox --port 0 >"$2" & child=$!
                                         for try in $(seq 1000); do
                                             if grep -q deliveries "$2"; then break; fi
                                             sleep 0.02
                                         done
                                         kill -"$3" $child; wait $child)",
                                      "sh", OUTREACHD_PROGRAM, directory.at(signal), signal});
        EXPECT_EQ(ran.exit_code, 0) << signal << ran.err;
        const std::string said = read_file(directory.at(signal));
        EXPECT_THAT(said, HasSubstr("base_url: http://127.0.0.1:"));
        EXPECT_THAT(said, HasSubstr("client_id: sandbox-client"));
        EXPECT_THAT(said, HasSubstr("refresh_token: sandbox-refresh-token"));
    }
}

TEST(Commands, SendListShowAndStatusWorkTogether) {
    daemon_under_test daemon;
    EXPECT_EQ(daemon.command({"check"}).exit_code, 0);
    daemon.start();
    const auto sent = daemon.command({"send", "all"});
    EXPECT_EQ(sent.exit_code, 0) << sent.out << sent.err;
    ASSERT_TRUE(daemon.drained());
    const auto listed = daemon.command({"events", "list", "--limit", "100"});
    EXPECT_EQ(listed.exit_code, 0);
    EXPECT_THAT(listed.out, HasSubstr("task.completed"));
    EXPECT_THAT(listed.out, HasSubstr("install.deleted"));
    const std::string id = daemon.delivered().begin()->first;
    const auto shown = daemon.command({"events", "show", id});
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_THAT(shown.out, HasSubstr(id));
    EXPECT_THAT(shown.out, HasSubstr("out"));
    EXPECT_EQ(daemon.command({"status"}).exit_code, 0);
    EXPECT_THAT(daemon.command({"status", "--json"}).out, HasSubstr("\"ready\":true"));
    EXPECT_EQ(daemon.command({"events", "show", "01a1fd62-942e-7b20-a6eb-78a78d2b3247"}).exit_code, 1);
}

TEST(Commands, SayPlainlyThatNoDaemonRuns) {
    const daemon_under_test daemon;
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"status"}, {"events", "list"}, {"send", "task.completed"}}) {
        const auto asked = daemon.command(command);
        EXPECT_EQ(asked.exit_code, 69) << command.front();
        EXPECT_THAT(asked.err, Not(testing::IsEmpty()));
    }
}

TEST(Commands, ShowHelpAndVersion) {
    const auto version = run_program({OUTREACHD_PROGRAM, "--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.out, StartsWith("outreachd "));
    for (const char* command : {"serve", "check", "send", "events", "status"}) {
        const auto help = run_program({OUTREACHD_PROGRAM, command, "--help"});
        EXPECT_EQ(help.exit_code, 0) << command;
        EXPECT_THAT(run_program({OUTREACHD_PROGRAM, "--help"}).out, HasSubstr(command));
    }
    EXPECT_EQ(run_program({OUTREACHD_PROGRAM, "sned"}).exit_code, 64);
}

TEST(Commands, FailWhereTheirOutputCannotBeWrittenAndAreQuietInAPipe) {
    const auto run_in_shell = [](const std::string& line) {
        return run_program({"/bin/sh", "-c", line, OUTREACHD_PROGRAM});
    };
    for (const char* const arguments : {"--help", "--version", "send --help"}) {
        const auto full = run_in_shell(std::string{"exec \"$0\" "} + arguments + " >/dev/full");
        EXPECT_EQ(full.exit_code, 1) << arguments;
        EXPECT_EQ(full.err, "outreachd: the output could not be written whole\n") << arguments;
    }
    const auto piped = run_in_shell("\"$0\" --help | head -n 1");
    EXPECT_EQ(piped.exit_code, 0);
    EXPECT_EQ(piped.err, "");
    const auto closed = run_in_shell("trap '' PIPE; (sleep 0.2; \"$0\" --help; echo $? >&2) | :");
    EXPECT_EQ(closed.err, "0\n") << "with SIGPIPE ignored, as some supervisors hand it down";
}

} // namespace
} // namespace outreachd::tests
