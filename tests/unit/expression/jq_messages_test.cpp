#include "daemon/expression/engine.hpp"
#include "daemon/expression/jq_messages.hpp"

#include <gtest/gtest.h>

namespace outreachd::expression {
namespace {

/// Through jq itself: its words are what is explained.
TEST(JqMessages, SpeakOfTheProgramThatTheOperatorWrote) {
    engine with{1, {.time = std::chrono::seconds{30}}};

    const struct {
        const char* program;
        const char* message;
    } cases[] = {
        {".data.id", ""},
        {".a # comment", ""},
        {"$event.name", ""},
        {"$steps.a, $item", ""},
        {".a +* 2", "jq: syntax error, unexpected '*' (column 5)"},
        {".a |", "jq: syntax error, unexpected end of the program"},
        {".a | # more", "jq: syntax error, unexpected end of the program"},
        {"def f: 1;", "jq: syntax error, unexpected end of the program"},
        {".a\n|", "jq: syntax error, unexpected end of the program"},
        {"foo(1)", "jq: foo/1 is not defined (column 1)"},
        {".a\n+ $x\n| bar",
         "jq: $x is not defined (line 2, column 3); bar/0 is not defined (line 3, column 3)"},
        {"\"\\(foo)\"", "jq: foo/0 is not defined (column 4)"},
        {"1) | (2", "')' closes nothing (column 2)"},
        {"env", "'env' isn't allowed (column 1): a program sees the event, not the environment"},
        {"$body", "jq: $body is not defined (column 1)"},
        {"break", "jq: syntax error, unexpected end of the program, expecting '$'; break requires a label to "
                  "break to (column 1)"},
        {"{a b}", "jq: syntax error, unexpected IDENT, expecting '}' (column 4)"},
    };

    for (const auto& [program, message] : cases)
        EXPECT_EQ(with.refuse(program).value_or(""), message) << program;
}

TEST(JqMessages, AreQuotedWhereTheyAreOfAnotherForm) {
    const std::vector<std::string> other = {"jq: error: something else\n<unknown location>",
                                            "jq: 1 compile error"};
    EXPECT_EQ(explain(other, "."), "jq: something else <unknown location>");
    EXPECT_EQ(explain({}, "."), "jq: the program doesn't compile");
    const std::vector<std::string> odd = {
        "jq: error: x at <top-level>, line 99999:\n",
        "jq: error: y at <top-level>, line :", "jq: error: z at <top-level>, line 1:\nq"};
    EXPECT_EQ(explain(odd, "a\nb"), "jq: x; y; z");
}

TEST(JqMessages, StayOnOneLineAndWithinBounds) {
    EXPECT_EQ(on_one_line("a\nb\tc\x1b[0m"), "a b c [0m");
    const std::string cut = on_one_line(std::string(999, 'x') + "ééé");
    EXPECT_EQ(cut, std::string(999, 'x') + "é…");
    EXPECT_LT(on_one_line(std::string(100'000, 'x')).size(), 1010U);
}

} // namespace
} // namespace outreachd::expression
