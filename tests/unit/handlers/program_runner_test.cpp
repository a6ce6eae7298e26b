/// Programs run to their end: real ones, with real pipes, signals and descendants.
#include "handlers/program_runner.hpp"
#include "tests/forbidden_calls.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/syscall.h>

namespace outreachd::handlers {
namespace {

using namespace std::chrono_literals;
using end_kind = program_end::kind;
using testing::HasSubstr;
using testing::Lt;

/// `sh -c` is what the test says, never what an event says.
program shell(std::string script, std::string_view input = {}) {
    return {"/bin/sh", {"sh", "-c", std::move(script)}, {"PATH=/usr/bin:/bin"}, "", input};
}

program_end run(const program& what, std::chrono::milliseconds timeout = 20s,
                std::chrono::milliseconds grace = 2s) {
    program_runner runner(grace);
    return runner.run(what, std::chrono::steady_clock::now() + timeout);
}

/// False for a zombie too: init may be slow to reap it.
bool is_alive(pid_t id) {
    std::string about = test::content_of("/proc/" + std::to_string(id) + "/stat");
    const std::size_t behind_name = about.rfind(')');
    return behind_name != std::string::npos && about.substr(behind_name, 3) != ") Z";
}

bool dies(pid_t id) {
    for (int i = 0; i < 500 && is_alive(id); ++i)
        std::this_thread::sleep_for(10ms);
    return !is_alive(id);
}

std::vector<pid_t> numbers_in(const std::string& text) {
    std::istringstream in{text};
    std::vector<pid_t> numbers;
    for (pid_t number = 0; in >> number;)
        numbers.push_back(number);
    return numbers;
}

TEST(ProgramRunner, GivesTheExitStatusAndWhatWasWritten) {
    const auto ended = run(shell("cat; echo to errors >&2; exit 41", "to output\n"));
    EXPECT_EQ(ended.how, end_kind::exited);
    EXPECT_EQ(ended.code, 41);
    EXPECT_EQ(ended.output.bytes, "to output\n");
    EXPECT_EQ(ended.errors.bytes, "to errors\n");
    EXPECT_FALSE(ended.output.is_cut || ended.errors.is_cut || ended.was_killed);
}

TEST(ProgramRunner, NamesTheSignalThatEndedIt) {
    const auto ended = run(shell("kill -SEGV $$"));
    EXPECT_EQ(ended.how, end_kind::signalled);
    EXPECT_EQ(ended.code, SIGSEGV);
}

TEST(ProgramRunner, GivesTheErrorOfWhatCanNotBeStarted) {
    const test::scratch_directory directory;
    std::ofstream(directory / "plain") << "#!/bin/sh\n";
    std::ofstream(directory / "no-format") << "exit 0\n";
    std::filesystem::permissions(directory / "no-format", std::filesystem::perms::owner_all);

    const struct {
        std::string path;
        int error;
    } cases[] = {
        {directory / "absent", ENOENT}, {directory / "plain", EACCES}, {directory / "no-format", ENOEXEC}};

    for (const auto& [path, error] : cases) {
        const auto ended = run({path, {path}, {}, "", {}});
        EXPECT_EQ(ended.how, end_kind::not_started) << path;
        EXPECT_EQ(ended.code, error) << path;
    }
    EXPECT_EQ(run({"/bin/true", {"true"}, {}, directory / "absent", {}}).code, ENOENT);
}

TEST(ProgramRunner, HandsOverArgumentsAndEnvironmentAndNothingElse) {
    ASSERT_EQ(::setenv("OUTREACHD_TEST_SECRET", "hidden", 1), 0);
    const auto seen = run({"/usr/bin/env", {"env"}, {"A=1", "B=two\nlines"}, "", {}});
    ::unsetenv("OUTREACHD_TEST_SECRET");
    EXPECT_EQ(seen.output.bytes, "A=1\nB=two\nlines\n");
    const auto arguments = run({"/usr/bin/printf", {"printf", "[%s]", "", "$(id)", "a b", "-n"}, {}, "", {}});
    EXPECT_EQ(arguments.output.bytes, "[][$(id)][a b][-n]");
}

TEST(ProgramRunner, RunsInTheDirectory) {
    const test::scratch_directory directory;
    auto pwd = shell("pwd -P");
    pwd.directory = directory / "";
    EXPECT_EQ(run(pwd).output.bytes, std::filesystem::canonical(directory / "").string() + "\n");
}

TEST(ProgramRunner, LeaksNoDescriptor) {
    // Neither closes on exec.
    const descriptor file(::open("/dev/null", O_RDWR));
    const descriptor far(::fcntl(file.number(), F_DUPFD, 700));
    ASSERT_TRUE(far.is_open());
    const auto ended = run(shell("echo /proc/$$/fd/*", "input"));
    std::istringstream in{ended.output.bytes};
    std::vector<std::string> open;
    for (std::string path; in >> path;)
        open.push_back(path.substr(path.rfind('/') + 1));
    // sh itself lists the folder, with one more descriptor while it does.
    std::erase(open, "3");
    EXPECT_THAT(open, testing::ElementsAre("0", "1", "2")) << ended.output.bytes;
}

TEST(ProgramRunner, KeepsNoDescriptorOfItsOwn) {
    const auto count_open = [] {
        return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
    };
    run(shell("exit 0", "input"));
    const auto before = count_open();
    run(shell("exit 0", "input"));
    run(shell("sleep 20"), 10ms);
    run({"/nonexistent", {"x"}, {}, "", {}});
    EXPECT_EQ(count_open(), before);
}

TEST(ProgramRunner, GivesTheChildSignalsAsTheyAreByDefault) {
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
    const auto size_before = std::signal(SIGXFSZ, SIG_IGN);
    program_end ended;
    std::thread([&] {
        sigset_t blocked;
        sigemptyset(&blocked);
        for (const int one : {SIGTERM, SIGINT, SIGHUP})
            sigaddset(&blocked, one);
        pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
        ended = run({"/bin/cat", {"cat", "/proc/self/status"}, {}, "", {}});
    }).join();
    std::signal(SIGPIPE, pipe_before);
    std::signal(SIGXFSZ, size_before);
    EXPECT_THAT(ended.output.bytes, HasSubstr("SigBlk:\t0000000000000000\n"));
    // posix_spawn ignores glibc's own two, 32 and 33; a program's C library sets them as it likes.
    EXPECT_THAT(ended.output.bytes, testing::AnyOf(HasSubstr("SigIgn:\t0000000000000000\n"),
                                                   HasSubstr("SigIgn:\t0000000180000000\n")));
    EXPECT_THAT(ended.output.bytes, HasSubstr("SigCgt:\t0000000000000000\n"));
}

TEST(ProgramRunner, GivesTheChildASessionOfItsOwn) {
    // pid, ppid, pgrp, session, tty.
    const auto ended = run({"/bin/cat", {"cat", "/proc/self/stat"}, {}, "", {}});
    const std::string& about = ended.output.bytes;
    char state = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    int terminal = -1;
    std::istringstream{about.substr(about.rfind(')') + 1)} >> state >> parent >> group >> session >> terminal;
    EXPECT_EQ(std::to_string(group), about.substr(0, about.find(' ')));
    EXPECT_EQ(session, group);
    EXPECT_EQ(terminal, 0);
    EXPECT_EQ(parent, ::getpid());
}

TEST(ProgramRunner, TakesANulByteAndAnEmptyInput) {
    using namespace std::string_literals;
    EXPECT_EQ(run(shell("cat", "a\0b"s)).output.bytes, "a\0b"s);
    EXPECT_EQ(run(shell("wc -c; readlink /proc/$$/fd/0")).output.bytes, "0\n/dev/null\n");
}

TEST(ProgramRunner, KeepsTheFirstBytesOfEachOutput) {
    const auto exact = run(shell("head -c 4096 /dev/zero; head -c 4097 /dev/zero >&2"));
    EXPECT_EQ(exact.output.bytes.size(), 4096U);
    EXPECT_FALSE(exact.output.is_cut);
    EXPECT_EQ(exact.errors.bytes.size(), 4096U);
    EXPECT_TRUE(exact.errors.is_cut);
    const auto first = run(shell("echo first; sleep 0.1; head -c 200000 /dev/zero; echo last"));
    EXPECT_TRUE(first.output.bytes.starts_with("first\n"));
    EXPECT_EQ(first.output.bytes.size(), 4096U);
}

TEST(ProgramRunner, FeedsMuchWhileMuchIsWritten) {
    const std::string input(16UL * 1024 * 1024, 'i');
    // It writes 100 MiB before it reads a byte, so that whoever writes first and reads later hangs.
    const auto ended = run(shell("head -c 104857600 /dev/zero; head -c 1000000 /dev/zero >&2; wc -c >&2;"
                                 "exit 7",
                                 input));
    EXPECT_EQ(ended.how, end_kind::exited);
    EXPECT_EQ(ended.code, 7);
    EXPECT_TRUE(ended.output.is_cut);
    const auto counted = run(shell("wc -c", input));
    EXPECT_EQ(counted.output.bytes, "16777216\n");
}

TEST(ProgramRunner, IsContentWithAProgramThatReadsNothing) {
    const std::string input(1024UL * 1024, 'i');
    for (const char* script : {"exit 0", "exec <&-; sleep 0.1; exit 0", "head -c 1 >/dev/null; exit 0"}) {
        const auto ended = run(shell(script, input));
        EXPECT_EQ(ended.how, end_kind::exited) << script;
        EXPECT_EQ(ended.code, 0) << script;
    }
}

TEST(ProgramRunner, GoesOnWithAProgramThatHasClosedItsOutput) {
    const auto ended = run(shell("exec >&- 2>&-; sleep 0.1; exit 9"));
    EXPECT_EQ(ended.how, end_kind::exited);
    EXPECT_EQ(ended.code, 9);
}

TEST(ProgramRunner, EndsTheWholeGroupAtTheTimeout) {
    const test::scratch_directory directory;
    const auto started = std::chrono::steady_clock::now();
    const auto ended = run(shell("sleep 60 & echo $$ $! ; sleep 60 | sleep 60"), 300ms);
    EXPECT_THAT(std::chrono::steady_clock::now() - started, Lt(10s));
    EXPECT_EQ(ended.how, end_kind::timed_out);
    EXPECT_FALSE(ended.was_killed);
    const auto ids = numbers_in(ended.output.bytes);
    ASSERT_EQ(ids.size(), 2U);
    for (const pid_t id : ids)
        EXPECT_TRUE(dies(id)) << id;
}

TEST(ProgramRunner, LetsAProgramCloseDownAtTheTimeoutAndKeepsWhatItSays) {
    const auto ended =
        run(shell("trap 'echo closing; exit 0' TERM; echo ready; while :; do sleep 0.01; done"), 300ms);
    EXPECT_EQ(ended.how, end_kind::timed_out);
    EXPECT_FALSE(ended.was_killed);
    EXPECT_EQ(ended.output.bytes, "ready\nclosing\n");
}

TEST(ProgramRunner, KillsWhatDoesNotHeedTheTimeout) {
    for (const char* script : {"trap '' TERM; echo $$; while :; do sleep 0.01; done",
                               // It writes without end meanwhile.
                               "trap '' TERM; echo $$; while :; do echo more; done"}) {
        const auto started = std::chrono::steady_clock::now();
        const auto ended = run(shell(script), 200ms, 200ms);
        const auto took = std::chrono::steady_clock::now() - started;
        EXPECT_GE(took, 400ms);
        EXPECT_THAT(took, Lt(10s));
        EXPECT_EQ(ended.how, end_kind::timed_out);
        EXPECT_TRUE(ended.was_killed);
        EXPECT_TRUE(dies(numbers_in(ended.output.bytes).at(0)));
    }
}

TEST(ProgramRunner, EndsAStoppedProgramWithoutKillingIt) {
    const auto ended = run(shell("kill -STOP $$"), 200ms, 20s);
    EXPECT_EQ(ended.how, end_kind::timed_out);
    EXPECT_FALSE(ended.was_killed);
}

TEST(ProgramRunner, TakesATimeoutThatIsOverAndOneOfYears) {
    EXPECT_EQ(run(shell("sleep 60"), -1s).how, end_kind::timed_out);
    EXPECT_EQ(run(shell("exit 3"), std::chrono::hours{24 * 36500}).code, 3);
}

TEST(ProgramRunner, DoesNotWaitForDescendantsThatHoldTheOutput) {
    const auto started = std::chrono::steady_clock::now();
    const auto ended = run(shell("sleep 60 & echo $!"));
    EXPECT_THAT(std::chrono::steady_clock::now() - started, Lt(10s));
    EXPECT_EQ(ended.how, end_kind::exited);
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(dies(numbers_in(ended.output.bytes).at(0)));
}

TEST(ProgramRunner, DoesNotWaitForOneThatLeftTheGroupAndWritesOn) {
    const test::scratch_directory directory;
    const std::string id = directory / "id";
    const auto started = std::chrono::steady_clock::now();
    const auto ended =
        run(shell("setsid sh -c 'echo $$ > " + id + "; while echo more; do :; done' & while ! [ -s " + id +
                  " ]; do sleep 0.01; done; exit 5"));
    EXPECT_THAT(std::chrono::steady_clock::now() - started, Lt(10s));
    EXPECT_EQ(ended.code, 5);
    // Nobody reads its pipe any more, which ends it.
    EXPECT_TRUE(dies(numbers_in(test::content_of(id)).at(0)));
}

TEST(ProgramRunner, LeavesOtherChildrenToThoseWhoStartedThem) {
    const auto other = start_child(shell("exit 21"));
    ASSERT_EQ(other.error, 0);
    for (int i = 0; i < 20; ++i)
        run(shell("exit 0"));
    siginfo_t about{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(other.id), &about, WEXITED), 0);
    EXPECT_EQ(about.si_status, 21);
}

TEST(ProgramRunner, RunsManyAtOnceAndLeavesNoZombie) {
    program_runner runner;
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 8; ++thread)
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 25; ++i) {
                    const std::string input = std::to_string(thread) + ":" + std::to_string(i);
                    const auto ended = runner.run(shell("cat; exit " + std::to_string(thread), input),
                                                  std::chrono::steady_clock::now() + 20s);
                    right += static_cast<int>(ended.code == thread && ended.output.bytes == input);
                }
            });
    }
    EXPECT_EQ(right, 200);
    siginfo_t about{};
    EXPECT_EQ(::waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(ProgramRunner, KillsAllThatRunAndAllThatComes) {
    program_runner runner;
    std::atomic<int> killed = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] {
                const auto ended = runner.run(shell("trap '' TERM; sleep 60; sleep 60"),
                                              std::chrono::steady_clock::now() + 60s);
                killed += static_cast<int>(ended.how == end_kind::signalled && ended.code == SIGKILL);
            });
        // Whether they have begun by now or not.
        runner.kill_all();
    }
    EXPECT_EQ(killed, 4);
}

/// From now on the calling thread, and what it starts, has no pidfd.
void forbid_pidfd() {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), // the call's number comes first in seccomp_data
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    forbid_calls(rules);
}

TEST(ProgramRunner, DoesWithoutPidfdInASandboxThatHasNone) {
    program_end ended;
    program_end late;
    std::thread([&] {
        forbid_pidfd();
        ended = run(shell("cat; sleep 0.05; exit 11", "input"));
        late = run(shell("trap '' TERM; while :; do sleep 0.01; done"), 100ms, 100ms);
    }).join();
    EXPECT_EQ(ended.how, end_kind::exited);
    EXPECT_EQ(ended.code, 11);
    EXPECT_EQ(ended.output.bytes, "input");
    EXPECT_EQ(late.how, end_kind::timed_out);
    EXPECT_TRUE(late.was_killed);
}

} // namespace
} // namespace outreachd::handlers
