/// The `exec` handler, as the dispatcher sees it: what programs get, and what their ends say.
#include "tests/unit/handlers/exec_under_test.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <thread>

namespace outreachd::handlers {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using kind = outcome::kind;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr const char* exec_body =
    R"({"data":{"type":"task","id":12345678901234567890,"attributes":{"subject":"call"}},)"
    R"("meta":{"eventName":"task.completed","deliveredAt":"2026-11-21T08:22:54Z","jobId":"job-7"}})";

outcome handle(const settings::exec_handler& configured,
               const attempt& what = test::make_attempt(exec_body)) {
    return test::make_exec(configured)->handle(what);
}

/// A variable of the tests' own environment, as it was before when this ends.
class own_variable {
public:
    own_variable(const char* name, const char* value) : name_(name) {
        if (const char* const before = std::getenv(name))
            before_ = before;
        ::setenv(name, value, 1);
    }

    ~own_variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

    own_variable(const own_variable&) = delete;
    own_variable& operator=(const own_variable&) = delete;

private:
    const char* name_;
    std::optional<std::string> before_;
};

std::vector<std::string> variables_of(const settings::exec_handler& configured, const attempt& what) {
    const test::scratch_directory directory;
    auto dumping = configured;
    dumping.command = {"/bin/sh", "-c", "exec /usr/bin/env -0 >'" + (directory / "env") + "'"};
    EXPECT_EQ(handle(dumping, what).verdict, kind::done);
    std::istringstream in{test::content_of(directory / "env")};
    std::vector<std::string> variables;
    for (std::string one; std::getline(in, one, '\0');)
        // The shell's own.
        if (!one.starts_with("PWD=") && !one.starts_with("SHLVL=") && !one.starts_with("_="))
            variables.push_back(one);
    return variables;
}

TEST(ExecHandler, JudgesByTheExitStatus) {
    const struct {
        int status;
        kind verdict;
    } cases[] = {{0, kind::done}, {1, kind::retry},  {2, kind::retry},   {3, kind::dead},
                 {4, kind::dead}, {75, kind::retry}, {127, kind::retry}, {255, kind::dead}};

    for (const auto& [status, verdict] : cases) {
        auto configured = test::shell("exit " + std::to_string(status));
        configured.dead_on = {3, 4, 255};
        const auto said = handle(configured);
        EXPECT_EQ(said.verdict, verdict) << status;
        if (status == 0)
            EXPECT_EQ(said.reason, "");
        else
            EXPECT_THAT(said.reason, StartsWith("/bin/sh ended with exit status " + std::to_string(status)));
        EXPECT_FALSE(said.retry_after);
    }
}

TEST(ExecHandler, GivesTheExactBodyOnStdin) {
    for (const std::string& body : {"{ \"data\" : 1.00 }\n\n"s, "no JSON, \0 and \xFF"s, ""s}) {
        const test::scratch_directory directory;
        const auto path = directory / "seen";
        EXPECT_EQ(handle(test::shell("cat >" + path), test::make_attempt(body)).verdict, kind::done);
        EXPECT_EQ(test::content_of(path), body);
    }
}

TEST(ExecHandler, GivesAnotherTextOnStdinWhereOneIsSaid) {
    const test::scratch_directory directory;
    const auto path = directory / "seen";
    auto configured = test::shell("cat >" + path);
    configured.stdin_text = "${{ .data.attributes.subject }}\n${{ .data | {type} }}\n";
    EXPECT_EQ(handle(configured).verdict, kind::done);
    EXPECT_EQ(test::content_of(path), "call\n{\"type\":\"task\"}\n");
    configured.stdin_text = "";
    EXPECT_EQ(handle(configured).verdict, kind::done);
    EXPECT_EQ(test::content_of(path), "");
}

TEST(ExecHandler, TellsTheEventByTheEnvironmentAndNoSecret) {
    const own_variable secret("OUTREACHD_TEST_SECRET", "hidden");
    const own_variable path("PATH", "/usr/bin:/bin");
    const own_variable home("HOME", "/home/of/daemon");
    const own_variable language("LANG", "C.UTF-8");
    const own_variable zone("TZ", "Europe/Berlin");
    const own_variable temporary("TMPDIR", "/tmp");
    auto what = test::make_attempt(exec_body);
    what.number = 3;
    settings::exec_handler configured;
    configured.env = {{"ACCOUNT", "a ${{ .data.type }}"}, {"EMPTY", ""}, {"LANG", "C"}};
    EXPECT_THAT(variables_of(configured, what),
                UnorderedElementsAre(
                    "PATH=/usr/bin:/bin", "HOME=/home/of/daemon", "LANG=C", "TZ=Europe/Berlin", "TMPDIR=/tmp",
                    "ACCOUNT=a task", "EMPTY=", "OUTREACHD_EVENT_ID=019aa000-0000-7000-8000-000000000001",
                    "OUTREACHD_EVENT_NAME=task.completed", "OUTREACHD_EVENT_RESOURCE=task",
                    "OUTREACHD_EVENT_ACTION=completed", "OUTREACHD_EVENT_RESOURCE_ID=12345678901234567890",
                    "OUTREACHD_EVENT_JOB_ID=job-7", "OUTREACHD_EVENT_RECEIVED_AT=2026-11-21T08:22:55.123Z",
                    "OUTREACHD_EVENT_DELIVERED_AT=2026-11-21T08:22:54.000Z",
                    "OUTREACHD_EVENT_ENDPOINT=/webhooks/outreach", "OUTREACHD_EVENT_SOURCE=outreach",
                    "OUTREACHD_DELIVERY_ID=019aa000-0000-5000-8000-000000000002", "OUTREACHD_ATTEMPT=3",
                    "OUTREACHD_HANDLER=crm", StartsWith("TRACEPARENT=00-019aa000000070008000000000000001-")));
}

TEST(ExecHandler, SetsWhatAnEventDoesNotHaveToNothing) {
    const auto variables = variables_of({}, test::make_attempt("not JSON"));
    for (const char* one : {"OUTREACHD_EVENT_NAME=unknown", "OUTREACHD_EVENT_RESOURCE_ID=",
                            "OUTREACHD_EVENT_JOB_ID=", "OUTREACHD_EVENT_DELIVERED_AT="})
        EXPECT_THAT(variables, testing::Contains(one));
}

TEST(ExecHandler, LooksForANameInThePathOfTheProgram) {
    const test::scratch_directory directory;
    test::write_script(directory / "our-sync", "echo \"$0 $1\"");
    settings::exec_handler configured;
    configured.command = {"our-sync", "now"};
    configured.env = {{"PATH", "relative:" + (directory / "") + ":/usr/bin:/bin"}};
    const auto said = handle(configured);
    EXPECT_EQ(said.verdict, kind::done) << said.reason;
    EXPECT_THAT(said.last_answer, EndsWith("our-sync now\n"));
    configured.env.clear();
    const auto missing = handle(configured);
    EXPECT_EQ(missing.verdict, kind::retry);
    EXPECT_THAT(missing.reason, StartsWith("can't start our-sync: No such file or directory in PATH, "));
}

TEST(ExecHandler, TriesAgainWhatCanNotBeStarted) {
    const test::scratch_directory directory;
    std::ofstream(directory / "plain") << "#!/bin/sh\n";
    test::write_script(directory / "orphan", "");
    std::ofstream(directory / "orphan") << "#!/nonexistent/sh\n";

    const struct {
        std::string path;
        const char* why;
    } cases[] = {
        {directory / "absent", ": No such file or directory; install it, or change 'command'"},
        {directory / "plain", ": Permission denied; let the daemon's user run it"},
        {directory / "orphan", ": the program that its first line names, or its loader: No such file"}};

    for (const auto& [path, why] : cases) {
        settings::exec_handler configured;
        configured.command = {path};
        const auto said = handle(configured);
        EXPECT_EQ(said.verdict, kind::retry) << path;
        EXPECT_THAT(said.reason, StartsWith("can't start " + path + why));
    }
}

TEST(ExecHandler, TriesAgainWithoutItsDirectory) {
    const test::scratch_directory directory;
    auto configured = test::shell("pwd -P");
    configured.cwd = directory / "later";
    const auto said = handle(configured);
    EXPECT_EQ(said.verdict, kind::retry);
    EXPECT_EQ(said.reason, "can't start /bin/sh: its directory " + (directory / "later") +
                               ": No such file or directory; create it, or change 'cwd'");
    std::filesystem::create_directory(directory / "later");
    EXPECT_THAT(handle(configured).last_answer, EndsWith("/later\n"));
}

TEST(ExecHandler, TriesAgainWhatASignalEnds) {
    EXPECT_EQ(handle(test::shell("kill -SEGV $$")).verdict, kind::retry);
    EXPECT_EQ(handle(test::shell("kill -SEGV $$")).reason, "/bin/sh was ended by signal 11 (SIGSEGV)");
    EXPECT_EQ(handle(test::shell("kill -KILL $$")).reason,
              "/bin/sh was ended by signal 9 (SIGKILL); want of memory ends programs so");
}

TEST(ExecHandler, EndsTheProgramAtTheDeadline) {
    auto what = test::make_attempt(exec_body);
    what.deadline = std::chrono::steady_clock::now() + 200ms;
    const auto said = handle(test::shell("echo began; sleep 60"), what);
    EXPECT_LT(std::chrono::steady_clock::now() - what.deadline, 10s);
    EXPECT_EQ(said.verdict, kind::retry);
    EXPECT_EQ(said.reason, "/bin/sh took longer than the handler's 'timeout' and was ended");
    EXPECT_EQ(said.last_answer, "stdout:\nbegan\n");
}

TEST(ExecHandler, KillsWhatTheDeadlineDoesNotEndWithinTwoSeconds) {
    auto what = test::make_attempt(exec_body);
    what.deadline = std::chrono::steady_clock::now() + 100ms;
    const auto said = handle(test::shell("trap '' TERM; while :; do sleep 0.01; done"), what);
    const auto late = std::chrono::steady_clock::now() - what.deadline;
    EXPECT_GE(late, 2s);
    EXPECT_LT(late, 10s);
    EXPECT_EQ(said.verdict, kind::retry);
    EXPECT_EQ(said.reason,
              "/bin/sh took longer than the handler's 'timeout' and was ended by SIGKILL, since it "
              "didn't heed SIGTERM");
}

TEST(ExecHandler, KeepsTheBeginningOfBothOutputsAndNoneInTheReason) {
    const auto both = handle(test::shell("echo to output; printf 'to errors' >&2; exit 1"));
    EXPECT_EQ(both.last_answer, "stdout:\nto output\nstderr:\nto errors\n");
    EXPECT_EQ(both.reason, "/bin/sh ended with exit status 1; what it wrote is kept as its answer");
    EXPECT_EQ(handle(test::shell("echo fine")).last_answer, "stdout:\nfine\n");
    const auto much =
        handle(test::shell("head -c 5000 /dev/zero | tr '\\0' o; head -c 5000 /dev/zero | tr '\\0' e >&2"));
    EXPECT_EQ(much.last_answer, "stdout (cut):\n" + std::string(4096, 'o') + "\nstderr (cut):\n" +
                                    std::string(4096, 'e') + "\n");
}

TEST(ExecHandler, SaysWhereNothingWasWritten) {
    auto silent = test::shell("exit 1");
    const auto again = handle(silent);
    EXPECT_EQ(again.last_answer, "");
    EXPECT_EQ(again.reason, "/bin/sh ended with exit status 1; it wrote nothing");
    silent.dead_on = {1};
    EXPECT_EQ(handle(silent).reason,
              "/bin/sh ended with exit status 1, which 'dead_on' lists; it wrote nothing");
}

TEST(ExecHandler, BuriesWhatIsTooLongForTheKernel) {
    const std::string longest(131'071, 'x');
    auto what = test::make_attempt(R"({"data":{"v":")" + longest + R"("}})");
    settings::exec_handler configured;
    configured.command = {"/bin/true", "first", "${{ .data.v }}"};
    EXPECT_EQ(handle(configured, what).verdict, kind::done);
    configured.command = {"/bin/true", "first", "${{ .data.v }}y"};
    auto said = handle(configured, what);
    EXPECT_EQ(said.verdict, kind::dead);
    EXPECT_EQ(said.reason,
              "can't start /bin/true: its argument 2 has 131072 bytes, and the kernel takes 131071; give "
              "it by stdin, which has no limit");
    configured.command = {"/bin/true"};
    configured.env = {{"V", "${{ .data.v }}"}};
    said = handle(configured, what);
    EXPECT_EQ(said.verdict, kind::dead);
    EXPECT_THAT(said.reason, HasSubstr("the environment variable V has 131073 bytes with its name"));
    configured.command = std::vector<std::string>(100, "${{ .data.v }}");
    configured.command.front() = "/bin/true";
    configured.env.clear();
    said = handle(configured, what);
    EXPECT_EQ(said.verdict, kind::dead);
    EXPECT_THAT(said.reason,
                HasSubstr("its arguments and environment together are longer than the kernel takes"));
}

TEST(ExecHandler, BuriesANulThatNoArgumentOrVariableCanHold) {
    const auto what = test::make_attempt(R"({"data":{"v":"a\u0000b"},"meta":{"eventName":"task.x"}})");
    auto in_argument = test::shell("exit 0");
    in_argument.command.emplace_back("${{ .data.v }}");
    auto in_variable = test::shell("exit 0");
    in_variable.env = {{"V", "${{ .data.v }}"}};
    EXPECT_EQ(handle(in_argument, what).verdict, kind::dead);
    EXPECT_THAT(handle(in_argument, what).reason, HasSubstr("command[3]"));
    EXPECT_EQ(handle(in_variable, what).verdict, kind::dead);
    EXPECT_THAT(handle(in_variable, what).reason, HasSubstr("env.V"));

    const auto in_event = handle(test::shell("exit 0"), test::make_attempt(R"({"data":{"id":"a\u0000b"}})"));
    EXPECT_EQ(in_event.verdict, kind::dead);
    EXPECT_THAT(in_event.reason, StartsWith("OUTREACHD_EVENT_RESOURCE_ID can't be set: "));
}

TEST(ExecHandler, BuriesAnEventWhoseExpressionFails) {
    auto configured = test::shell("exit 0");
    configured.command.emplace_back("${{ .data.attributes.subject.first }}");
    const auto said = handle(configured);
    EXPECT_EQ(said.verdict, kind::dead);
    EXPECT_THAT(said.reason, AllOf(HasSubstr("command[3]"), HasSubstr("index")));
}

TEST(ExecHandler, EndsItsProgramsWhenTheDaemonWaitsNoLonger) {
    const auto handler = test::make_exec(test::shell("trap '' TERM; sleep 60; sleep 60"));
    outcome said;
    std::thread worker([&] { said = handler->handle(test::make_attempt(exec_body)); });
    // Whether it has begun by now or not.
    handler->abandon();
    worker.join();
    EXPECT_EQ(said.verdict, kind::retry);
    EXPECT_THAT(said.reason, HasSubstr("SIGKILL"));
}

} // namespace
} // namespace outreachd::handlers
