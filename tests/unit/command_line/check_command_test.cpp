/// `outreachd check` on files that are right, doubtful, broken and missing.

// GCC 12 takes parts of std::regex for uninitialized under AddressSanitizer (its bug 105562).
#ifdef OUTREACHD_SANITIZED
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "daemon/command_line/check_command.hpp"
#include "tests/unit/command_line/configured.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include <stdlib.h>
#include <unistd.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;

command_result check_file(const std::string& path, bool expects_secrets = true) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = check(path, expects_secrets, {out, err});
    return {code, out.str(), err.str()};
}

std::string with_secret(const std::string& secret) {
    return "listen: {address: 127.0.0.1, tls: off}\nendpoints:\n  - path: /webhooks/outreach\n    secrets: "
           "[" +
           secret + "]\nhandlers:\n  audit: {type: log}\nroutes:\n  - {match: \"*\", to: [audit]}\n";
}

TEST(Check, SaysOkOfAFileThatIsRight) {
    const scratch_directory scratch;
    const std::string secret = scratch.file("secret", "of the test\n");
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
    const std::string path = scratch.file("right.yaml", with_secret("{file: " + secret + "}"));
    const command_result result = check_file(path);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, path + ": ok\n");
    EXPECT_EQ(result.err, "");
}

TEST(Check, LetsADoubtfulFilePassWithAWarning) {
    const scratch_directory scratch;
    const std::string path = scratch.file("inline.yaml", with_secret("written-in-the-file"));
    const command_result result = check_file(path);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, path + ": ok\n");
    EXPECT_THAT(result.err, testing::StartsWith(path + ":4:15: warning: "));
    EXPECT_THAT(result.err, testing::Not(HasSubstr("written-in-the-file")));
}

TEST(Check, ReportsEveryProblemOfABrokenFileAtItsPlace) {
    const std::filesystem::path broken{OUTREACHD_SOURCE_DIRECTORY "/tests/unit/settings/broken"};
    const std::regex located{R"(^[^\n:]+(:\d+:\d+)?: .+$)"};
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{broken}) {
        if (entry.path().extension() != ".yaml")
            continue;
        ++files;
        const command_result result = check_file(entry.path().string());
        EXPECT_EQ(result.exit_code, 78) << entry.path();
        EXPECT_EQ(result.out, "") << entry.path();
        std::istringstream lines{result.err};
        std::size_t problems = 0;
        for (std::string line; std::getline(lines, line); ++problems) {
            EXPECT_TRUE(line.starts_with(entry.path().string() + ":")) << line;
            EXPECT_TRUE(std::regex_match(line, located)) << line;
        }
        EXPECT_GE(problems, 1U) << entry.path();
    }
    EXPECT_GE(files, 25U);
}

TEST(Check, CompilesThePrograms) {
    const scratch_directory scratch;
    const std::string secret = scratch.file("secret", "of the test\n");
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
    const std::string right =
        with_secret("{file: " + secret + "}") + "  - {match: \"*\", to: [audit], where: .data.id != null}\n";
    EXPECT_EQ(check_file(scratch.file("right.yaml", right)).exit_code, 0);
    const std::string path =
        scratch.file("wrong.yaml", right + "  - {match: \"*\", to: [audit], where: .data.id | upcase}\n");
    const command_result result = check_file(path);
    EXPECT_EQ(result.exit_code, 78);
    EXPECT_EQ(result.err, path + ":10:38: routes[2].where: jq: upcase/0 is not defined (column 12)\n");
}

TEST(Check, NamesAFileThatIsNotThere) {
    const command_result result = check_file("/nowhere/outreachd.yaml");
    EXPECT_EQ(result.exit_code, 78);
    EXPECT_THAT(result.err, testing::StartsWith("/nowhere/outreachd.yaml: "));
    EXPECT_EQ(result.out, "");
}

TEST(Check, OnlyWarnsOfASecretThatIsTheServicesOwn) {
    const scratch_directory scratch;
    const std::string path = scratch.file("env.yaml", with_secret("{env: OUTREACHD_TEST_NEVER_SET}"));
    const command_result outside = check_file(path, false);
    EXPECT_EQ(outside.exit_code, 0);
    EXPECT_EQ(outside.out, path + ": ok\n");
    EXPECT_THAT(outside.err, HasSubstr(": warning: "));
    EXPECT_THAT(outside.err, HasSubstr("OUTREACHD_TEST_NEVER_SET"));
    const command_result inside = check_file(path, true);
    EXPECT_EQ(inside.exit_code, 78);
    EXPECT_THAT(inside.err, testing::Not(HasSubstr("warning: ")));
}

TEST(Check, TakesOnlyWhatSystemdStartedForTheService) {
    for (const char* const name : {"INVOCATION_ID", "CREDENTIALS_DIRECTORY"})
        ::unsetenv(name);
    EXPECT_FALSE(may_read_secrets());
    for (const char* const name : {"INVOCATION_ID", "CREDENTIALS_DIRECTORY"}) {
        ::setenv(name, "of-the-test", 1);
        EXPECT_EQ(may_read_secrets(), ::geteuid() == 0) << name;
        ::unsetenv(name);
    }
}

TEST(Check, ShowsProblemsInTheOrderOfTheFile) {
    const scratch_directory scratch;
    const std::string path =
        scratch.file("both.yaml", with_secret("written-in-the-file") + "colour: green\n");
    const command_result result = check_file(path);
    EXPECT_EQ(result.exit_code, 78);
    EXPECT_LT(result.err.find("warning: "), result.err.find("colour"));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 2);
}

} // namespace
} // namespace outreachd::command_line
