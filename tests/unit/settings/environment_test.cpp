#include "daemon/settings/environment.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gtest/gtest.h>

namespace outreachd::settings {

namespace {

using test::variable;

TEST(Environment, ReplacesVariablesDefaultsAndDollars) {
    const variable set{"OUTREACHD_TEST_SET", "a value"};
    const variable empty{"OUTREACHD_TEST_EMPTY", ""};
    const variable nested{"OUTREACHD_TEST_NESTED", "${OUTREACHD_TEST_SET}$$"};

    const struct {
        const char* text;
        const char* expanded;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"${OUTREACHD_TEST_SET}", "a value"},
        {"<${OUTREACHD_TEST_SET}${OUTREACHD_TEST_SET}>", "<a valuea value>"},
        {"${OUTREACHD_TEST_SET:-other}", "a value"},
        {"${OUTREACHD_TEST_NOT_SET:-other}", "other"},
        {"${OUTREACHD_TEST_NOT_SET:-}", ""},
        {"${OUTREACHD_TEST_NOT_SET:-a:-b $$}", "a:-b $$"},
        {"${OUTREACHD_TEST_EMPTY}", ""},
        {"${OUTREACHD_TEST_EMPTY:-other}", "other"},
        {"${OUTREACHD_TEST_NESTED}", "${OUTREACHD_TEST_SET}$$"}, // what comes from outside isn't read again
        {"$$", "$"},
        {"$$$$", "$$"},
        {"$${OUTREACHD_TEST_SET}", "${OUTREACHD_TEST_SET}"},
        {"$event.name", "$event.name"},
        {"100$", "100$"},
        {"$}", "$}"},
    };

    for (const auto& [text, expanded] : cases) {
        const expanded_text result = expand_environment(text);
        EXPECT_EQ(result.problem, "") << text;
        EXPECT_EQ(result.text, expanded) << text;
    }
}

TEST(Environment, LeavesExpressionsAsTheyAre) {
    const variable set{"X", "replaced"};

    const struct {
        const char* text;
        const char* expanded;
    } cases[] = {
        {"${{ .data.id }}", "${{ .data.id }}"},
        {"${X}${{ ${X} $$ }}${X}", "replaced${{ ${X} $$ }}replaced"},
        {"$${{ .x }}", "$${{ .x }}"}, // the expression is cut out first
        {"$$${{ .x }}", "$${{ .x }}"},
        {"${{ {a: {b: 1}} }}${X}", "${{ {a: {b: 1}} }}replaced"},
        {"${{ {a: {b: 1}}}}${X}", "${{ {a: {b: 1}}}}replaced"},
        {R"(${{ "}}" }}${X})", R"(${{ "}}" }}replaced)"},
        {R"(${{ "\"}}" }}${X})", R"(${{ "\"}}" }}replaced)"},
        {R"(${{ "\({a: "}"})}}" }}${X})", R"(${{ "\({a: "}"})}}" }}replaced)"},
        {"${{ (.a) }}${X}", "${{ (.a) }}replaced"},
    };

    for (const auto& [text, expanded] : cases) {
        const expanded_text result = expand_environment(text);
        EXPECT_EQ(result.problem, "") << text;
        EXPECT_EQ(result.text, expanded) << text;
        EXPECT_TRUE(result.has_expression) << text;
    }
}

TEST(Environment, RefusesWhatItCannotExpandWithoutQuotingIt) {
    const variable set{"OUTREACHD_TEST_SET", "a value"};
    const char* const unset =
        "the environment variable OUTREACHD_TEST_NOT_SET is not set; set it, or give a default "
        "as ${OUTREACHD_TEST_NOT_SET:-default}";
    const char* const no_name =
        "'${' begins an environment variable, ${NAME} or ${NAME:-default}; what follows is "
        "no name; write $$ for a dollar sign";
    const char* const no_end = "'${' without the '}' that closes it; write $$ for a dollar sign";
    const char* const no_expression_end = "'${{' without the '}}' that closes it";
    const char* const nested = "a default can't hold another ${NAME}: it ends at the first '}'";

    const struct {
        const char* text;
        const char* problem;
    } cases[] = {
        {"${OUTREACHD_TEST_NOT_SET}", unset},
        {"secret${", no_end},
        {"secret${NAME", no_end},
        {"secret${}", no_name},
        {"secret${1A}", no_name},
        {"secret${A B}", no_name},
        {"secret${A-b}", no_name},
        {"secret${:-x}", no_name},
        {"secret${{ .a }", no_expression_end},
        {"${{ {a: 1} }", no_expression_end},
        {"${{ \"}}", no_expression_end},
        {"${{", no_expression_end},
        {"${{ (} }}", no_expression_end},
        // Whatever the variables are just now.
        {"${OUTREACHD_TEST_NOT_SET:-${OUTREACHD_TEST_SET}}", nested},
        {"${OUTREACHD_TEST_SET:-${OUTREACHD_TEST_NOT_SET}}", nested},
        {"${OUTREACHD_TEST_SET:-https://${HOST}/}", nested},
        {"${OUTREACHD_TEST_SET:-${{ .data.id }}}", nested},
    };

    for (const auto& [text, problem] : cases)
        EXPECT_EQ(expand_environment(text).problem, problem) << text;
}

TEST(Environment, SaysWhetherAValueCameFromThere) {
    const variable set{"OUTREACHD_TEST_SET", "a value"};
    EXPECT_TRUE(expand_environment("${OUTREACHD_TEST_SET}").has_variable);
    EXPECT_TRUE(expand_environment("${OUTREACHD_TEST_SET:-x}").has_variable);
    EXPECT_FALSE(expand_environment("${OUTREACHD_TEST_NOT_SET:-x}").has_variable);
    EXPECT_FALSE(expand_environment("$$").has_variable);
}

} // namespace

} // namespace outreachd::settings
