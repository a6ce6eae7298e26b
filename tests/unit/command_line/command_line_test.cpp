/// What is typed, understood and refused.
#include "tests/unit/command_line/configured.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <streambuf>
#include <utility>

#include <stdlib.h>
#include <unistd.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;

const std::vector<std::vector<std::string>> all_commands{{},
                                                         {"serve"},
                                                         {"check"},
                                                         {"send"},
                                                         {"sandbox"},
                                                         {"status"},
                                                         {"events"},
                                                         {"events", "list"},
                                                         {"events", "show"},
                                                         {"events", "replay"},
                                                         {"dead"},
                                                         {"dead", "list"},
                                                         {"dead", "show"},
                                                         {"dead", "replay"},
                                                         {"dead", "discard"},
                                                         {"quarantine"},
                                                         {"quarantine", "list"},
                                                         {"quarantine", "show"},
                                                         {"quarantine", "recheck"},
                                                         {"quarantine", "discard"},
                                                         {"webhooks"},
                                                         {"webhooks", "list"},
                                                         {"webhooks", "plan"},
                                                         {"webhooks", "apply"},
                                                         {"auth"},
                                                         {"auth", "login"},
                                                         {"auth", "status"},
                                                         {"auth", "install"},
                                                         {"api"},
                                                         {"bulk"},
                                                         {"import"},
                                                         {"backfill"}};
const std::set<std::string> groups{"events", "dead", "quarantine", "auth"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::string& last) {
    arguments.push_back(last);
    return arguments;
}

TEST(CommandLine, PrintsItsVersion) {
    const command_result result = run_command({"--version"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "outreachd " OUTREACHD_VERSION "\n");
}

TEST(CommandLine, ExplainsEveryCommand) {
    for (const std::vector<std::string>& command : all_commands) {
        const std::string name = testing::PrintToString(command);
        const command_result result = run_command(with(command, "--help"));
        EXPECT_EQ(result.exit_code, 0) << name;
        EXPECT_EQ(result.err, "") << name;
        EXPECT_EQ(run_command(with(command, "-h")).out, result.out) << name;
        std::string typed = "outreachd";
        for (const std::string& each : command)
            typed += ' ' + each;
        EXPECT_THAT(result.out, HasSubstr("Usage: " + typed + " [OPTIONS]")) << name;
        EXPECT_THAT(result.out, testing::ContainsRegex("\n  " + typed + "[ \n]")) << name << ": an example";
        EXPECT_THAT(result.out, HasSubstr("-c,--config FILE")) << name;
        if (command.size() != 1 || !groups.contains(command.front())) {
            EXPECT_THAT(result.out, HasSubstr("Exit codes:\n")) << name;
        }
        std::istringstream lines{result.out};
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(line.size(), 100U) << name << ": " << line;
    }
}

TEST(CommandLine, OffersOnlyWhatIsThere) {
    const std::string help = run_command({"--help"}).out;
    for (const char* name : {"serve", "check", "send", "status", "events", "dead", "quarantine", "auth",
                             "api", "bulk", "import", "sandbox", "webhooks", "backfill"})
        EXPECT_THAT(help, testing::ContainsRegex("\n  " + std::string{name} + " +[A-Z]")) << name;
}

TEST(CommandLine, RefusesWhatItDoesNotKnowAndNamesTheNearest) {
    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{
        {{"chek"}, "unknown command 'chek'; did you mean 'check'?\nTry `outreachd --help`."},
        {{"serve", "--confg=x"},
         "unknown option '--confg=x'; did you mean '--config'?\nTry `outreachd serve --help`."},
        {{"--verison"}, "unknown option '--verison'; did you mean '--version'?"},
        {{"send", "task.created", "--inscure"}, "did you mean '--insecure'?\nTry `outreachd send --help`."},
        {{"events", "lst"}, "unknown command 'lst'; did you mean 'list'?\nTry `outreachd events --help`."},
        {{"events", "list", "--stat", "dead"},
         "did you mean '--state'?\nTry `outreachd events list --help`."},
        {{"check", "outreachd.yaml"}, "unknown argument 'outreachd.yaml'\nTry `outreachd check --help`."},
        {{}, "a command is missing: serve, check, send, "},
        {{}, "Try `outreachd --help`."},
        {{"events"}, "a command is missing: list, show or replay\nTry `outreachd events --help`."},
        {{"dead"}, "Try `outreachd dead --help`."},
        {{"quarantine"}, "Try `outreachd quarantine --help`."},
        {{"dead", "reply"}, "did you mean 'replay'?"},
        {{"events", "show"}, "ID is required"},
        {{"send"}, "NAME|FILE is required"},
        {{"send", "task.created", "--count", "few"},
         "--count: 'few' is no whole number from 1 to 10000000\n"},
        {{"send", "task.created", "--count", "-1"}, "--count: '-1' is no whole number"},
        {{"send", "task.created", "--count", "0x10"}, "--count: '0x10' is no whole number"},
        {{"sandbox", "--port", "99999"}, "--port: '99999' is no whole number from 0 to 65535\n"},
        {{"sandbox", "--page-size", "0"}, "--page-size: '0' is no whole number from 1 to 1000\n"},
        {{"api", "GET", "/", "--page-size", "1001"},
         "--page-size: '1001' is no whole number from 1 to 1000\n"},
        {{"-c"}, "--config needs a value behind it: FILE\n"},
        {{"events", "list", "--limit"}, "--limit needs a value behind it: N\n"},
        {{"events", "list", "--limit", "1", "--limit", "2"}, "--limit is given more than once, and only one"},
        {{"-c", "a", "-c", "b", "check"}, "--config is given more than once, and only one can be meant\n"},
        {{"status", "--json=maybe"}, "--json takes no value\n"},
        {{"check", "-c", "a", "-c", "b"}, "--config is given more than once, and only one can be meant\n"},
        {{"-c", "a.yaml", "check", "-c", "b.yaml"}, "-c is given twice"},
        {{"check\x1b[2J"}, "check\\x1b[2J"},
    };

    for (const auto& each : cases) {
        const command_result result = run_command(each.arguments);
        EXPECT_EQ(result.exit_code, 64) << testing::PrintToString(each.arguments);
        EXPECT_EQ(result.out, "") << testing::PrintToString(each.arguments);
        EXPECT_THAT(result.err, HasSubstr(each.said)) << testing::PrintToString(each.arguments);
    }
}

/// The options in a command's help that take a value.
std::set<std::string> valued_options(const std::vector<std::string>& command) {
    std::set<std::string> names;
    std::istringstream lines{run_command(with(command, "--help")).out};
    bool is_among_options = false;
    for (std::string line; std::getline(lines, line);) {
        is_among_options = line == "Options:" || (is_among_options && !line.empty());
        const std::size_t start = line.find("--");
        const std::size_t space = line.find(' ', start);
        if (!is_among_options || start > 5 || space == std::string::npos || space + 1 == line.size() ||
            line[space + 1] == ' ')
            continue;
        names.insert(line.substr(start, space - start));
    }
    return names;
}

/// As of a variable that isn't set: a filter that is dropped lets everything through.
TEST(CommandLine, RefusesEveryOptionWithNothingInIt) {
    std::size_t options = 0;
    for (const std::vector<std::string>& command : all_commands)
        for (const std::string& option : valued_options(command)) {
            ++options;
            const std::string name = testing::PrintToString(command) + option;
            const command_result apart = run_command(with(with(command, option), ""));
            EXPECT_EQ(apart.exit_code, 64) << name;
            EXPECT_THAT(apart.err, HasSubstr(option + " is empty")) << name;
            // The parser would take the next word for the value.
            const command_result joined = run_command(with(with(command, option + "="), "x"));
            EXPECT_EQ(joined.exit_code, 64) << name;
            EXPECT_THAT(joined.err, HasSubstr(option + " is empty")) << name;
        }
    EXPECT_GT(options, 80U) << "as many were read from the help";
}

TEST(CommandLine, ShowsNoWordsOfItsParser) {
    for (const std::vector<std::string>& command : all_commands)
        for (const char* const word : {":INT", "REQUIRED", "SUBCOMMAND", "Positionals", "TEXT"})
            EXPECT_THAT(run_command(with(command, "--help")).out, testing::Not(HasSubstr(word)))
                << testing::PrintToString(command);
}

TEST(CommandLine, RefusesAnArgumentWithNothingInIt) {
    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{{{"events", "show", ""}, "ID is empty"},
              {{"events", "replay", "", "--since", "1h"}, "ID is empty"},
              {{"dead", "discard", "--all", ""}, "ID is empty"},
              {{"dead", "discard", "--since", "1h", "--handler", ""}, "--handler is empty"},
              {{"send", "task.created", ""}, "NAME|FILE is empty"},
              {{"api", "GET", ""}, "PATH is empty"},
              {{"-c", "", "serve"}, "--config is empty"},
              {{"--config=", "serve"}, "--config is empty"},
              {{"dead", "discard", "--handler=", "5ba2f0ac-0d9b-5d0f-8d2a-6f1f0f0c2d11"},
               "--handler is empty; leave it out, or give it a value\nTry `outreachd dead discard --help`."}};

    for (const auto& each : cases) {
        const command_result result = run_command(each.arguments);
        EXPECT_EQ(result.exit_code, 64) << testing::PrintToString(each.arguments);
        EXPECT_EQ(result.out, "") << testing::PrintToString(each.arguments);
        EXPECT_THAT(result.err, HasSubstr(each.said)) << testing::PrintToString(each.arguments);
    }
}

/// Sets a variable for as long as it lives.
class environment_variable {
public:
    environment_variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }

    ~environment_variable() { unsetenv(name_); }

    environment_variable(const environment_variable&) = delete;
    environment_variable& operator=(const environment_variable&) = delete;

private:
    const char* name_;
};

TEST(CommandLine, TakesTheConfigurationFromBeforeOrAfterTheCommand) {
    EXPECT_EQ(run_command({"-c", "a.yaml", "serve"}).out, "serving a.yaml\n");
    EXPECT_EQ(run_command({"serve", "-c", "a.yaml"}).out, "serving a.yaml\n");
    EXPECT_EQ(run_command({"serve", "--config=a.yaml"}).out, "serving a.yaml\n");
    EXPECT_EQ(run_command({"serve"}).out, "serving /etc/outreachd/outreachd.yaml\n");
}

TEST(CommandLine, TakesTheConfigurationFromTheEnvironment) {
    const environment_variable named{"OUTREACHD_CONFIG", "/srv/of-the-environment.yaml"};
    EXPECT_EQ(run_command({"serve"}).out, "serving /srv/of-the-environment.yaml\n");
    EXPECT_EQ(run_command({"serve", "-c", "a.yaml"}).out, "serving a.yaml\n") << "-c comes first";
}

TEST(CommandLine, TakesAnEmptyVariableForNone) {
    const environment_variable named{"OUTREACHD_CONFIG", ""};
    EXPECT_EQ(run_command({"serve"}).out, "serving /etc/outreachd/outreachd.yaml\n");
}

TEST(CommandLine, EndsWithWhatServeEndedWith) {
    std::ostringstream out;
    std::ostringstream err;
    const char* const argv[]{"outreachd", "serve"};
    const commands given{.serve = [](const std::string&) { return 78; }};
    EXPECT_EQ(run(2, argv, given, {out, err}), 78);
}

/// A disk that is full.
class full_buffer : public std::streambuf {};

TEST(CommandLine, FailsWhereItsOutputCannotBeWritten) {
    for (const auto& [given_code, code] : {std::pair{0, 1}, std::pair{2, 1}, std::pair{69, 69}}) {
        full_buffer full;
        std::ostream out{&full};
        std::ostringstream err;
        const char* const argv[]{"outreachd", "serve"};
        const commands given{.serve = [&, ends_with = given_code](const std::string&) {
            out << "a line\n";
            return ends_with;
        }};
        EXPECT_EQ(run(2, argv, given, {out, err}), code);
        EXPECT_EQ(err.str(), "outreachd: the output could not be written whole\n");
    }
    full_buffer full;
    std::ostream out{&full};
    std::ostringstream err;
    const char* const argv[]{"outreachd", "--help"};
    EXPECT_EQ(run(2, argv, {}, {out, err}), 1);
}

TEST(CommandLine, IsQuietWhereTheReaderOfAPipeHasGone) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    for (const bool is_gone : {false, true}) {
        if (is_gone)
            ::close(ends[0]);
        full_buffer full;
        std::ostream out{&full};
        std::ostringstream err;
        const char* const argv[]{"outreachd", "--version"};
        EXPECT_EQ(run(2, argv, {}, {.out = out, .err = err, .sink = ends[1]}), is_gone ? 0 : 1);
        EXPECT_EQ(err.str().empty(), is_gone);
    }
    ::close(ends[1]);
}

TEST(CommandLine, NamesTheFileThatACommandCannotLoad) {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"check"}, {"send", "task.created"}, {"status"}, {"events", "list"}}) {
        const command_result result = run_command(with(with(command, "-c"), "/nowhere/outreachd.yaml"));
        EXPECT_EQ(result.exit_code, 78) << command.front();
        EXPECT_THAT(result.err, testing::StartsWith("/nowhere/outreachd.yaml: ")) << command.front();
    }
}

} // namespace
} // namespace outreachd::command_line
