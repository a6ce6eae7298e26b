#include "daemon/expression/engine.hpp"
#include "tests/unit/expression/children.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>

namespace outreachd::expression {
namespace {

using namespace std::chrono_literals;
using test::children;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Where time isn't the subject, a busy machine mustn't make it one.
constexpr limits patient{.time = 30s};

answer run_one(engine& with, const std::string& program, std::string_view body = "{}") {
    const auto answers = with.run({&program, 1}, {.body = body, .event = R"({"name":"task.completed"})"});
    EXPECT_EQ(answers.size(), 1U);
    return answers.at(0);
}

template <typename Condition>
bool eventually(Condition holds, std::chrono::milliseconds limit = 30s) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

TEST(Engine, GivesEachProgramsResultsAsCompactJson) {
    engine with{1, patient};
    const std::vector<std::string> programs = {
        ".data.id",
        ".data | {b: .id, a: null}",
        "empty",
        ".data.list[]",
        "$event.name",
        "$steps.first.x",
        "$item",
        "\"é\\n\"",
        ".data.id # comment",
        "if .data then 1 else 2 end",
    };
    const auto answers = with.run(programs, {.body = R"({"data": {"id": 7, "list": [1, "x", [ ]]}})",
                                             .event = R"({"name":"task.completed"})",
                                             .steps = R"({"first":{"x":true}})",
                                             .item = R"(["i"])"});
    ASSERT_EQ(answers.size(), programs.size());
    for (const answer& each : answers)
        EXPECT_EQ(each.problem, "");
    EXPECT_THAT(answers[0].results, ElementsAre("7"));
    EXPECT_THAT(answers[1].results, ElementsAre(R"({"b":7,"a":null})"));
    EXPECT_THAT(answers[2].results, IsEmpty());
    EXPECT_THAT(answers[3].results, ElementsAre("1", R"("x")", "[]"));
    EXPECT_THAT(answers[4].results, ElementsAre(R"("task.completed")"));
    EXPECT_THAT(answers[5].results, ElementsAre("true"));
    EXPECT_THAT(answers[6].results, ElementsAre(R"(["i"])"));
    EXPECT_THAT(answers[7].results, ElementsAre("\"é\\n\""));
    EXPECT_THAT(answers[8].results, ElementsAre("7"));
    EXPECT_THAT(answers[9].results, ElementsAre("1"));
}

TEST(Engine, TellsEachProgramsOwnProblem) {
    engine with{1, patient};
    const std::vector<std::string> programs = {
        "1", ".a.b.c", "error(\"no\\nway\")", "error({a: 1})", ".a +", "halt", "$nothing", "2",
    };
    const auto answers = with.run(programs, {.body = R"({"a":"text"})"});
    ASSERT_EQ(answers.size(), programs.size());
    EXPECT_THAT(answers[0].results, ElementsAre("1"));
    EXPECT_EQ(answers[1].problem, "jq: Cannot index string with string \"b\"");
    EXPECT_EQ(answers[2].problem, "jq: no way");
    EXPECT_EQ(answers[3].problem, "jq: error (not a string): {\"a\":1}");
    EXPECT_EQ(answers[4].problem, "jq: syntax error, unexpected end of the program");
    EXPECT_THAT(answers[5].problem, HasSubstr("'halt' isn't allowed"));
    EXPECT_EQ(answers[6].problem, "jq: $nothing is not defined (column 1)");
    EXPECT_THAT(answers[7].results, ElementsAre("2"));
    for (const answer& each : answers)
        EXPECT_FALSE(each.is_transient);
}

TEST(Engine, TakesABodyThatIsNotJsonForNull) {
    engine with{1, patient};
    for (const std::string_view body : std::initializer_list<std::string_view>{
             "", "no JSON", "{", "1 2", "{}x", "\"", "\xff\xfe", "[1,]", std::string_view{"\0", 1}})
        EXPECT_THAT(run_one(with, ".", body).results, ElementsAre("null")) << body;
    EXPECT_THAT(run_one(with, ".", " [1] \n").results, ElementsAre("[1]"));
    EXPECT_THAT(run_one(with, ".a", R"({"a":1,"a":2})").results, ElementsAre("2"));
}

/// Null would be taken for an event without the fields that a `where` asks for.
TEST(Engine, SaysThatABodyIsNestedTooDeep) {
    engine with{1, patient};
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(run_one(with, "1", nested(250)).problem, "");
    const answer deep = run_one(with, "1", nested(20'000));
    EXPECT_EQ(deep.problem, "jq: the body is nested deeper than jq reads");
    EXPECT_FALSE(deep.is_transient);
}

/// What config/reference.md says of long numbers.
TEST(Engine, KeepsFiftyThreeBitsOfANumberAndAllOfAText) {
    engine with{1, patient};
    EXPECT_THAT(run_one(with, ".", "9007199254740992").results, ElementsAre("9007199254740992"));
    EXPECT_THAT(run_one(with, ".", "9007199254740993").results, ElementsAre("9007199254740992"));
    EXPECT_THAT(run_one(with, ".", "\"9007199254740993\"").results, ElementsAre("\"9007199254740993\""));
}

TEST(Engine, CarriesLargeBodiesAndResults) {
    engine with{1, patient};
    const std::string body = '"' + std::string(16 * 1024 * 1024 - 2, 'x') + '"';
    const std::vector<std::string> programs = {".", ". + \"yy\"", "length"};
    const auto answers = with.run(programs, {.body = body});
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers[0].problem, "");
    EXPECT_EQ(answers[0].results.at(0), body);
    EXPECT_EQ(answers[1].problem, "jq: the program gives more than 16777216 bytes");
    EXPECT_THAT(answers[2].results, ElementsAre("16777214"));
    EXPECT_THAT(run_one(with, "1").results, ElementsAre("1"));
}

TEST(Engine, BoundsTheNumberOfResults) {
    engine with{1, patient};
    EXPECT_EQ(run_one(with, "range(1000)").results.size(), 1000U);
    EXPECT_EQ(run_one(with, "range(1001)").problem, "jq: the program gives more than 1000 results");
    EXPECT_EQ(run_one(with, "range(infinite)").problem, "jq: the program gives more than 1000 results");
    EXPECT_THAT(run_one(with, "1").results, ElementsAre("1"));
}

TEST(Engine, BeginsNoProcessBeforeAProgramIsRunAndLeavesNoneBehind) {
    ASSERT_THAT(children(), IsEmpty());
    {
        engine with{4, patient};
        EXPECT_TRUE(with.run({}, {.body = "{}"}).empty());
        EXPECT_THAT(children(), IsEmpty());
        run_one(with, "1");
        run_one(with, "2");
        EXPECT_EQ(children().size(), 1U);
    }
    EXPECT_THAT(children(), IsEmpty());
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "one wasn't reaped";
}

TEST(Engine, GivesItsProcessesNothingOfTheDaemon) {
    engine with{1, patient};
    const int open_here = ::dup(2); // without O_CLOEXEC
    run_one(with, "1");
    ::close(open_here);
    ASSERT_EQ(children().size(), 1U);
    const pid_t process = *children().begin();
    const std::string proc = "/proc/" + std::to_string(process);
    EXPECT_EQ(::getsid(process), process) << "a ^C would reach it";
#ifndef OUTREACHD_SANITIZED // whose run time has descriptors, an environment and limits of its own
    EXPECT_EQ(test::read_file(proc + "/environ"), "");
    std::set<std::string> descriptors;
    for (const auto& entry : std::filesystem::directory_iterator{proc + "/fd"})
        descriptors.insert(entry.path().filename());
    EXPECT_THAT(descriptors, ElementsAre("0", "1", "2"));
    EXPECT_THAT(test::read_file(proc + "/limits"),
                testing::ContainsRegex("Max address space +268435456 +268435456"));
#endif
    EXPECT_THAT(test::read_file(proc + "/limits"), testing::ContainsRegex("Max core file size +1 +1"));
}

TEST(Engine, IsServedOnWhileTheDaemonIsToldToStop) {
    engine with{1, patient};
    run_one(with, "1");
    ASSERT_EQ(children().size(), 1U);
    const pid_t process = *children().begin();
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        ::kill(process, signal);
    EXPECT_THAT(run_one(with, "2").results, ElementsAre("2"));
    EXPECT_THAT(children(), ElementsAre(process));
}

TEST(Engine, SurvivesTheDeathOfAProcessBetweenRequests) {
    engine with{1, patient};
    run_one(with, "1");
    for (int round = 0; round < 5; ++round) {
        ASSERT_EQ(children().size(), 1U);
        ::kill(*children().begin(), SIGKILL);
        const answer next = run_one(with, "2");
        EXPECT_EQ(next.problem, "");
        EXPECT_THAT(next.results, ElementsAre("2"));
    }
}

TEST(Engine, RunsAProgramAgainWhoseProcessWasKilledFromOutside) {
    engine with{1, {.time = 60s}};
    answer given;
    std::thread runs{[&] { given = run_one(with, "last(range(infinite))"); }};
    std::set<pid_t> killed;
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(eventually([&] {
            const auto there = children();
            return !there.empty() && !killed.contains(*there.begin());
        }));
        const pid_t now = *children().begin();
        killed.insert(now);
        ::kill(now, SIGKILL);
    }
    runs.join();
    EXPECT_THAT(given.problem, HasSubstr("killed (signal 9)"));
    EXPECT_TRUE(given.is_transient);
    EXPECT_THAT(run_one(with, "1").results, ElementsAre("1"));
}

TEST(Engine, CallsItTransientWhereNoProcessCanBeBegun) {
    engine with{1, patient};
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const answer given = run_one(with, "1");
    const auto refused = with.refuse("1");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_THAT(given.problem, HasSubstr("can't start a process for jq: Too many open files"));
    EXPECT_TRUE(given.is_transient);
    EXPECT_THAT(refused.value_or(""), HasSubstr("can't start a process for jq: Too many open files"));
    EXPECT_THAT(run_one(with, "1").results, ElementsAre("1"));
}

TEST(Engine, RunsProgramsOfManyThreadsWithFewProcesses) {
    engine with{3, patient};
    std::atomic<int> wrong = 0;
    std::atomic<std::size_t> most = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < 8; ++number)
        threads.emplace_back([&, number] {
            for (int round = 0; round < 50; ++round) {
                const std::string body = std::to_string(number * 1000 + round);
                const answer given = run_one(with, round % 10 == 9 ? ".a" : ". + 1", body);
                const std::string expected = std::to_string(number * 1000 + round + 1);
                if (round % 10 == 9 ? given.problem.empty() : given.results != std::vector{expected})
                    ++wrong;
            }
        });
    for (int look = 0; look < 20; ++look)
        most = std::max(most.load(), children().size());
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(most, 3U);
}

/// A daemon that is killed leaves neither an idle process behind nor one that runs for ever.
TEST(Engine, EndsItsProcessesWhenTheDaemonIsKilled) {
    for (const char* const program : {"1", "def f: f; f"}) {
        const pid_t daemon = ::fork();
        ASSERT_GE(daemon, 0);
        if (daemon == 0) {
            engine with{1, {.time = 500ms}};
            const std::string text = program;
            for (;;)
                with.run({&text, 1}, {.body = "{}"});
        }
        std::set<pid_t> processes;
        // One that has used this much has its program, or has answered.
        EXPECT_TRUE(eventually([&] {
            processes = test::children_of(daemon);
            return !processes.empty() && test::state_of(std::to_string(*processes.begin())).cpu_ticks >= 8;
        }));
        ::kill(daemon, SIGKILL);
        ASSERT_EQ(::waitpid(daemon, nullptr, 0), daemon);
        for (const pid_t each : processes)
            EXPECT_TRUE(eventually([&] { return !test::is_running(each); })) << program;
    }
}

} // namespace
} // namespace outreachd::expression
