#include "daemon/expression/program_text.hpp"

#include <gtest/gtest.h>

namespace outreachd::expression {
namespace {

TEST(ProgramText, LeavesToJqWhatIsNoWord) {
    const char* const programs[] = {
        ".",
        ".data.id",
        R"~("\(1)) | (")~",
        ".env",
        ".env.input?",
        ".data.env | .halt",
        "{env: 1, input: 2, halt: .halt}",
        "{env}",
        "{a: 1, env, input}",
        "{a: {env: [1, {input: 2}]}, halt}",
        "{if: 1, end: 2, env: 3}",
        R"~("env $ENV input")~",
        R"~({"env": 1})~",
        R"~("\"env")~",
        R"~(@base64 "env\(.x)input")~",
        ".[\"env\"]",
        "# env input $ENV )\n.",
        ". # env",
        ".a as {env: $x} | $x",
        "$env",
        "$__loc__",
        "environment",
        "my_env | inputs2",
        "debugger",
        "now | localtime | strflocaltime(\"%Y\")",
        "1e5 + 1.5E-3",
        "if . then 1 else 2 end",
        "def f(g): g | g; f(.a)",
        "..",
        R"~("\("\("x")")")~",
        "@text",
        "end", // jq has its own words for it
    };
    for (const char* const program : programs)
        EXPECT_EQ(find_fault(program), std::nullopt) << program;
}

TEST(ProgramText, RefusesWords) {
    const struct {
        const char* program;
        const char* word;
    } cases[] = {
        {"env", "'env' isn't allowed (column 1)"},
        {".a | env.PATH", "'env' isn't allowed (column 6)"},
        {"$ENV", "'$ENV' isn't allowed (column 1)"},
        {"$ENV.PATH", "'$ENV' isn't allowed (column 1)"},
        {"$ \n # comment\n ENV", "'$ENV' isn't allowed (line 1, column 1)"},
        {"$__prog_args", "'$__prog_args' isn't allowed"},
        {"{$ENV}", "'$ENV' isn't allowed (column 2)"},
        {"{(env): 1}", "'env' isn't allowed (column 3)"},
        {"{a: env}", "'env' isn't allowed (column 5)"},
        {"{a: 1 | env, b: 2}", "'env' isn't allowed (column 9)"},
        {"{a: (1, env)}", "'env' isn't allowed (column 9)"},
        {"{a: [1, env]}", "'env' isn't allowed (column 9)"},
        {"{a: if 1, env, 2 then 3 else 4 end}", "'env' isn't allowed (column 11)"},
        {R"~("\(env)")~", "'env' isn't allowed (column 4)"},
        {R"~("a\("b\(env)")c")~", "'env' isn't allowed (column 9)"},
        {R"~({"a": env})~", "'env' isn't allowed (column 7)"},
        {R"~("a" | env)~", "'env' isn't allowed (column 7)"},
        {R"~("\\" | env)~", "'env' isn't allowed (column 8)"},
        {"# comment\nenv", "'env' isn't allowed (line 2, column 1)"},
        {"# comment\renv", "'env' isn't allowed (column 11)"},
        {"# comment \\\nenv", "'env' isn't allowed (line 2, column 1)"},
        {"1env", "'env' isn't allowed (column 2)"},
        {"1.env", "'env' isn't allowed (column 3)"},
        {"..env", "'env' isn't allowed (column 3)"},
        {". env", "'env' isn't allowed (column 3)"},
        {"a::env", "'env' isn't allowed (column 4)"},
        {"def env: 1; 2", "'env' isn't allowed (column 5)"},
        {"input", "'input' isn't allowed"},
        {"[inputs]", "'inputs' isn't allowed"},
        {"_input", "'_input' isn't allowed"},
        {"first(inputs)", "'inputs' isn't allowed"},
        {"input_filename", "'input_filename' isn't allowed"},
        {"input_line_number", "'input_line_number' isn't allowed"},
        {"debug", "'debug' isn't allowed"},
        {"stderr", "'stderr' isn't allowed"},
        {"halt", "'halt' isn't allowed"},
        {"\"x\" | halt_error", "'halt_error' isn't allowed"},
        {"halt_error(1)", "'halt_error' isn't allowed"},
        {"import \"a\" as a; 1", "'import' isn't allowed"},
        {"include \"a\"; 1", "'include' isn't allowed"},
        {"module {}; 1", "'module' isn't allowed"},
        {"modulemeta", "'modulemeta' isn't allowed"},
        {"get_search_list", "'get_search_list' isn't allowed"},
    };

    for (const auto& [program, word] : cases)
        EXPECT_TRUE(find_fault(program).value_or("").starts_with(word))
            << program << " " << find_fault(program).value_or("nothing");
}

TEST(ProgramText, RefusesWhatWouldEscapeItsBrackets) {
    const struct {
        std::string_view program;
        const char* fault;
    } cases[] = {
        {"1) | (2", "')' closes nothing (column 2)"},
        {")", "')' closes nothing (column 1)"},
        {"1]", "']' closes nothing (column 2)"},
        {"}", "'}' closes nothing (column 1)"},
        {"(1", "'(' is never closed (column 1)"},
        {"[{a: (1}]", "'}' doesn't close '(' (column 8)"},
        {"(1]", "']' doesn't close '(' (column 3)"},
        {"(if 1 then 2)", "')' doesn't close 'if' (column 13)"},
        {"if 1 then 2 else 3", "'if' has no 'end' (column 1)"},
        {"\"abc", "a string is never closed (column 1)"},
        {"1 + \"\\\"", "a string is never closed (column 5)"},
        {R"~("\(1")~", "a string is never closed (column 5)"},
        {"(1 # )", "'(' is never closed (column 1)"},
        {".\n| (", "'(' is never closed (line 2, column 3)"},
        {"", "the program is empty"},
        {" \t\n ", "the program is empty"},
        {"# nothing", "the program is empty"},
        {std::string_view{"1\0)", 3}, "a NUL byte can't stand in a program (column 2)"},
    };

    for (const auto& [program, fault] : cases)
        EXPECT_EQ(find_fault(program).value_or("nothing"), fault) << program;
}

} // namespace
} // namespace outreachd::expression
