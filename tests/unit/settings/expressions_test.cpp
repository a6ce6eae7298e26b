/// jq in the configuration. What is wrong with it stands in broken/50-jq.
#include "daemon/settings/expressions.hpp"
#include "daemon/text/expression_end.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

loaded load(const std::string& rest, const expression_check& check = with_jq()) {
    return parse_settings(std::string{least} + rest, scope::all, check);
}

TEST(Expressions, AreKeptAsTheyAre) {
    const loaded result =
        load("handlers:\n"
             "  a: {type: log, message: \"task ${{ .data.id }} of $$5 ${{ $event.name }}\"}\n"
             "routes:\n"
             "  - match: \"*\"\n"
             "    where: .data.attributes.action == \"call\" # in calls alone\n"
             "    to: [a]\n"
             "  - match: \"*\"\n"
             "    where: |\n"
             "      .data.id != null   # the whole\n"
             "      and $event.resource == \"task\"\n"
             "    to: [a]\n"
             "  - {match: \"*\", to: [a]}\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    ASSERT_EQ(result.settings.handlers.size(), 1U);
    EXPECT_EQ(std::get<log_handler>(result.settings.handlers[0].type).message,
              "task ${{ .data.id }} of $5 ${{ $event.name }}");
    ASSERT_EQ(result.settings.routes.size(), 3U);
    EXPECT_EQ(result.settings.routes[0].where, ".data.attributes.action == \"call\"");
    EXPECT_EQ(result.settings.routes[1].where,
              ".data.id != null   # the whole\nand $event.resource == \"task\"\n");
    EXPECT_EQ(result.settings.routes[2].where, "");
}

TEST(Expressions, MayHoldVariablesAroundThemAndInPrograms) {
    const variable set{"OUTREACHD_TEST_ACTION", "call"};
    const variable odd{"OUTREACHD_TEST_ODD", "${{ nothing }}"};
    const loaded result =
        load("handlers: {a: {type: log, message: \"${OUTREACHD_TEST_ACTION}: ${{ .a }}\"}}\n"
             "routes: [{match: \"*\", to: [a], where: '.a == \"${OUTREACHD_TEST_ACTION}\"'}]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_EQ(std::get<log_handler>(result.settings.handlers.at(0).type).message, "call: ${{ .a }}");
    EXPECT_EQ(result.settings.routes.at(0).where, R"(.a == "call")");
    // What is checked is what will be run, wherever it came from.
    EXPECT_THAT(
        lines_of(load("handlers: {a: {type: log, message: \"${OUTREACHD_TEST_ODD}\"}}\n").errors),
        ElementsAre("3:36: handlers.a.message: '${{ nothing }}': jq: nothing/0 is not defined (column 2)"));
}

TEST(Expressions, AreGivenToTheCheckOneByOne) {
    std::vector<std::string> given;
    const loaded result =
        load("handlers: {a: {type: log, message: \"x${{ 1 }}y${{ {a: {}} }}${{2}}\"}}\n"
             "routes: [{match: \"*\", to: [a], where: .b}]\n",
             [&](const std::string& program) -> std::optional<std::string> {
                 given.push_back(program);
                 return program == "2" ? std::optional<std::string>{"too small"} : std::nullopt;
             });
    EXPECT_THAT(given, ElementsAre(" 1 ", " {a: {}} ", "2", ".b"));
    EXPECT_THAT(lines_of(result.errors), ElementsAre("3:36: handlers.a.message: '${{2}}': too small"));
}

TEST(Expressions, AreOnlyFoundWhereNobodyCanCheckThem) {
    EXPECT_THAT(lines_of(load("handlers: {a: {type: log, message: \"${{ nothing }}\"}}\n", {}).errors),
                IsEmpty());
    EXPECT_THAT(lines_of(load("handlers: {a: {type: log, message: \"${{ nothing }\"}}\n", {}).errors),
                ElementsAre("3:36: handlers.a.message: '${{' without the '}}' that closes it"));
}

TEST(Expressions, MayStandInTextsOfSeveralLinesWhereAsked) {
    findings found{with_jq()};
    const yaml_document document = parse_yaml("|\n  one\n  ${{ .a\n  | .b }}\n");
    const value_ref value{found, "key", *document.root};
    EXPECT_EQ(read_template(value, lines::many), "one\n${{ .a\n| .b }}\n");
    EXPECT_EQ(read_template(value, lines::one), std::nullopt);
    EXPECT_TRUE(has_expression("a ${{ .x }}"));
    EXPECT_FALSE(has_expression("a ${ {"));
}

} // namespace

} // namespace outreachd::settings::test
