/// Programs that never end, take all memory or end their process.
#include "daemon/expression/engine.hpp"
#include "tests/unit/expression/children.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <iterator>
#include <thread>

#include <sys/resource.h>

namespace outreachd::expression {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

#ifdef OUTREACHD_SANITIZED
constexpr limits bounds{.time = 4s}; // an innocent program takes ten times as long
#else
constexpr limits bounds{.time = 600ms};
#endif

/// For a busy machine far more than it takes, and far less than for ever.
constexpr auto patience = 15s;

struct timed {
    std::vector<answer> answers;
    std::chrono::steady_clock::duration took;
};

timed run(engine& with, const std::vector<std::string>& programs, const std::string& body = "{}") {
    const auto begin = std::chrono::steady_clock::now();
    auto answers = with.run(programs, {.body = body});
    return {std::move(answers), std::chrono::steady_clock::now() - begin};
}

/// The most that this process, or the largest of its children that have ended, ever had in memory. KiB.
[[maybe_unused]] long largest(int who) {
    rusage used{};
    EXPECT_EQ(::getrusage(who, &used), 0);
    return used.ru_maxrss;
}

constexpr const char* hostile_programs[] = {
    "def f: f; f",
    "last(range(infinite))",
    "[range(infinite)]",
    "[range(1e9)]",
    "last(repeat(.))",
    "[repeat(.)]",
    "until(false; .)",
    "last(recurse(.))",
    "def f: 1 + f; f",
    "def f(g): f(g | g); f(.)",
    "\"x\" * 1e9",
    "reduce range(100) as $i (\"x\"; . + .)",
    "reduce range(100) as $i ([1]; . + .)",
    "[limit(1e9; repeat(1))] | length",
    "reduce range(1e6) as $i (null; [.])",
    "[range(1e9)] | sort",
    ". as $x | [range(1e7)] | combinations",
    "[\"a\" * 60 + \"!\" | test(\"^(a|a?)+$\")] | .[5e8] = 1",
};

/// Each has a program in front of it and one behind it, and others run beside it.
TEST(HostilePrograms, EndAndLeaveTheOthersAlone) {
    engine with{4, bounds};
    std::atomic<std::size_t> next = 0;
    const auto run_some = [&] {
        for (std::size_t at = next++; at < std::size(hostile_programs); at = next++) {
            const char* const program = hostile_programs[at];
            const timed given = run(with, {".a", program, "7"}, R"({"a":1})");
            ASSERT_EQ(given.answers.size(), 3U);
            EXPECT_THAT(given.answers[0].results, ElementsAre("1")) << program << given.answers[0].problem;
            EXPECT_NE(given.answers[1].problem, "") << program;
            EXPECT_THAT(given.answers[2].results, ElementsAre("7")) << program << given.answers[2].problem;
            EXPECT_LT(given.took, patience) << program;
        }
    };
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number)
        threads.emplace_back(run_some);
    for (std::thread& each : threads)
        each.join();
}

TEST(HostilePrograms, AreToldWhatEndedThem) {
    engine with{1, bounds};
    const answer endless = run(with, {"def f: f; f"}).answers.at(0);
    EXPECT_THAT(endless.problem,
                AnyOf(HasSubstr("jq: the program takes longer than "), HasSubstr("is busy")));
#ifndef OUTREACHD_SANITIZED // whose run time says it otherwise
    engine patient{1, {.time = 30s}};
    const answer large = run(patient, {"reduce range(100) as $i (\"x\"; . + .)"}).answers.at(0);
    EXPECT_EQ(large.problem, "jq: the program needs more than 256 MiB of memory");
    EXPECT_FALSE(large.is_transient);
    const answer deep = run(patient, {"reduce range(3e5) as $i (null; [.]) | tojson"}).answers.at(0);
    EXPECT_EQ(deep.problem, "jq: the program nests too deep for jq, and ended its process (signal 11)");
    EXPECT_FALSE(deep.is_transient);
#endif
}

TEST(HostilePrograms, CanNotHoldUpOtherProcesses) {
    engine with{2, bounds};
    run(with, {"1"});
    const auto begin = std::chrono::steady_clock::now();
    std::thread endless{[&] { run(with, {"def f: f; f", "def f: f; f"}); }};
    int done = 0;
    for (; done < 20; ++done)
        EXPECT_THAT(run(with, {"7"}).answers.at(0).results, ElementsAre("7"));
    const auto others_took = std::chrono::steady_clock::now() - begin;
    endless.join();
    EXPECT_LT(others_took, std::chrono::steady_clock::now() - begin);
}

/// What an operator gets who sets nothing.
TEST(HostilePrograms, CostASecondAndBoundedMemoryByDefault) {
    engine with{1};
    EXPECT_THAT(run(with, {"7"}).answers.at(0).results, ElementsAre("7"));
    const timed endless = run(with, {"def f: f; f"});
    EXPECT_NE(endless.answers.at(0).problem, "");
    EXPECT_LT(endless.took, 2s);
#ifndef OUTREACHD_SANITIZED // whose run time has bounds of its own
    const long before = largest(RUSAGE_SELF);
    const auto make_a_gib = [&] { return run(with, {"reduce range(30) as $i (\"x\"; . + .) | length"}); };
    timed large = make_a_gib();
    for (int again = 0; again < 5 && large.answers.at(0).is_transient; ++again)
        large = make_a_gib(); // the machine left it no processor
    EXPECT_EQ(large.answers.at(0).problem, "jq: the program needs more than 256 MiB of memory");
    EXPECT_LT(large.took, 2s);
    EXPECT_LT(largest(RUSAGE_SELF), before + 32 * 1024) << "KiB of ours";
    const long child = largest(RUSAGE_CHILDREN);
    EXPECT_GT(child, 100 * 1024) << "KiB: what was measured is no process that was large";
    EXPECT_LT(child, 300 * 1024) << "KiB";
#endif
}

/// Compiling takes its time and memory too.
TEST(HostilePrograms, AreRefusedWhereCompilingThemEndsTheProcess) {
    engine with{1, bounds};
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    std::string doubled = "def f0: 1;";
    for (int level = 1; level < 60; ++level) {
        const std::string last = std::to_string(level - 1);
        doubled += "def f" + std::to_string(level) + "(g): f" + last + " | f" + last + ";";
    }
    for (const std::string& program : {deep, doubled + "f59(1)"}) {
        EXPECT_NE(with.refuse(program).value_or(""), "") << program.substr(0, 40);
        EXPECT_EQ(with.refuse(".a"), std::nullopt);
    }
}

TEST(HostileBodies, AreTheEventsOwnProblem) {
    engine with{1, {.time = 5s, .memory_bytes = 96ULL * 1024 * 1024}};
    std::string body = "[";
    while (body.size() < 12UL * 1024 * 1024)
        body += "{\"a\":0},";
    body.back() = ']';
    const timed given = run(with, {"1", "2"}, body);
    ASSERT_EQ(given.answers.size(), 2U);
#ifndef OUTREACHD_SANITIZED
    for (const answer& each : given.answers) {
        EXPECT_EQ(each.problem, "jq: the event needs more than 96 MiB of memory");
        EXPECT_FALSE(each.is_transient);
    }
#endif
    EXPECT_THAT(run(with, {"1"}).answers.at(0).results, ElementsAre("1"));
}

/// A process that was large once isn't kept: its memory lies in pieces.
TEST(HostileBodies, LeaveNoLargeProcessBehind) {
    engine with{1, {.time = 30s}};
    for (int round = 0; round < 3; ++round) {
        run(with, {"[range(3e5)] | map(tostring) | length"});
        EXPECT_THAT(run(with, {"7"}).answers.at(0).results, ElementsAre("7"));
#ifndef OUTREACHD_SANITIZED // whose run time keeps what was freed
        for (const pid_t each : test::children()) {
            const std::string status = test::read_file("/proc/" + std::to_string(each) + "/status");
            const std::size_t at = status.find("VmRSS:");
            ASSERT_NE(at, std::string::npos);
            EXPECT_LT(std::stoul(status.substr(at + 6)), 200UL * 1024) << "KiB";
        }
#endif
    }
}

} // namespace
} // namespace outreachd::expression
