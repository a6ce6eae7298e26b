/// `outreachd import` against a simulated Outreach.
#include "tests/unit/command_line/commanded_sandbox.hpp"

namespace outreachd::command_line {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::string companies = "\xef\xbb\xbf"
                              "Company,\"Home page\",Notes\r\n\"Fabrikam, Ltd.\",fabrikam.example,x\r\n"
                              "Litware,litware.example,y\r\n";

const std::vector<std::string> mappings{"--map", "Company=name", "--map", "Home page=domain"};

std::vector<std::string> import_of(const std::string& type, const std::string& file,
                                   const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"import", type, file};
    arguments.insert(arguments.end(), mappings.begin(), mappings.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

TEST(Import, BringsAFileIn) {
    const commanded_sandbox with;
    const std::string file = with.scratch.file("companies.csv", companies);
    const command_result result = with.run(import_of("accounts", file, {"--wait"}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out,
                testing::ContainsRegex("^import [0-9]+: finished, 2 records, 0 duplicates, 0 failures\n$"));
    const auto names = with.ask("/accounts", ".data[].attributes | \"\\(.name) \\(.domain)\"");
    EXPECT_THAT(names, Contains("Fabrikam, Ltd. fabrikam.example"));
    EXPECT_THAT(names, Contains("Litware litware.example"));
    EXPECT_EQ(with.count_of("PUT", "/sandbox/uploads/"), 1U);
}

TEST(Import, LeavesOneThatNobodyWaitsFor) {
    const commanded_sandbox with;
    const command_result result =
        with.run(import_of("account", with.scratch.file("companies.csv", companies), {}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::ContainsRegex("^import [0-9]+ of 2 records has started\n"));
    EXPECT_THAT(result.out, HasSubstr("outreachd api GET /imports/"));
}

TEST(Import, ListsWhatFailed) {
    const commanded_sandbox with;
    const std::string file =
        with.scratch.file("companies.csv", "Company,Home page\nWingtip,wingtip.example\n,nameless.example\n");
    const command_result result = with.run(import_of("accounts", file, {"--wait"}));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out, HasSubstr("finished, 2 records, 0 duplicates, 1 failure\n"));
    EXPECT_THAT(result.out, HasSubstr("{\"row\":2}"));
    const command_result as_json = with.run(import_of("accounts", file, {"--wait", "--json"}));
    EXPECT_EQ(as_json.exit_code, 1);
    EXPECT_THAT(as_json.out, testing::StartsWith(R"({"import":{"type":"import","id":)"));
    EXPECT_THAT(as_json.out, HasSubstr(R"("failures":[{"type":"batchItem")"));
}

TEST(Import, ChecksTheFileBeforeAnythingIsSent) {
    const commanded_sandbox with;
    const std::string file = with.scratch.file("companies.csv", companies);

    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{
        {{"import", "tasks", file, "--map", "Company=name"}, "'tasks' can't be imported"},
        {{"import", "accounts", file}, "no column is mapped"},
        {{"import", "accounts", file, "--map", "Compny=name"}, "no column 'Compny'; did you mean 'Company'?"},
        {{"import", "accounts", file, "--map", "Company"}, "is no COLUMN=FIELD"},
        {{"import", "accounts", file, "--map", "Company="}, "is no COLUMN=FIELD"},
        {{"import", "accounts", file, "--map", "Company=name", "--map", "Notes=name"}, "mapped twice"},
        {{"import", "accounts", file, "--map", "Company=name", "--dupe", "merge"},
         "skip, missing or overwrite"},
        {{"import", "accounts", file, "--map", "Company=name", "--hash", "md5"}, "is no form of hash"},
        {{"import", "accounts", with.scratch.file("open.csv", "\"Company\n"), "--map", "Company=name"},
         "no header line"},
        {{"import", "accounts", with.scratch.file("empty.csv", ""), "--map", "Company=name"},
         "no header line"},
        {{"import", "accounts", with.scratch.file("bare.csv", "Company\r\n"), "--map", "Company=name"},
         "nothing behind its header line"},
        {{"import", "accounts", with.scratch.file("twice.csv", "Company,Company\n1,2\n"), "--map",
          "Company=name"},
         "several columns 'Company'"},
    };

    for (const auto& each : cases) {
        const command_result result = with.run(each.arguments);
        EXPECT_EQ(result.exit_code, 64) << testing::PrintToString(each.arguments) << result.err;
        EXPECT_THAT(result.err, HasSubstr(each.said)) << testing::PrintToString(each.arguments);
    }
    EXPECT_TRUE(with.subject.requests().empty());
}

/// A missing file is no wrong word, wherever one is named.
TEST(Import, FailsWhereItsFileCannotBeRead) {
    const commanded_sandbox with;
    const std::vector<std::string> commands[]{
        {"import", "accounts", "/nowhere/input", "--map", "Company=name"},
        {"api", "POST", "/tasks", "--data", "@/nowhere/input"},
        {"bulk", "prospectsAddTags", "--filter", "id=1", "--yes", "--data", "@/nowhere/input"},
        {"send", "/nowhere/input", "--url", "https://127.0.0.1:1/"}};
    std::ofstream{with.config, std::ios::app}
        << "listen: {address: 127.0.0.1, tls: off}\nendpoints: [{path: /w, secrets: [a-secret]}]\n";
    for (const std::vector<std::string>& each : commands) {
        const command_result result = with.run(each);
        EXPECT_EQ(result.exit_code, 1) << each.front();
        EXPECT_THAT(result.err, HasSubstr("can't read '/nowhere/input'")) << each.front();
    }
    EXPECT_TRUE(with.subject.requests().empty());
}

TEST(Import, SaysThatTheHashMayBeMeantOtherwise) {
    const commanded_sandbox with;
    const std::string file = with.scratch.file("companies.csv", companies);
    const command_result result = with.run(import_of("accounts", file, {"--hash", "base64"}));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("answered 422"));
    EXPECT_THAT(result.err, HasSubstr("--hash gives another form"));
}

TEST(Import, NeverShowsWhereTheUploadWent) {
    commanded_sandbox with;
    sandbox::fault refused;
    refused.method = "PUT";
    refused.path = "/sandbox/uploads/*";
    refused.kind = sandbox::fault_kind::answer;
    refused.status = 403;
    refused.body = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    with.subject.inject(refused);
    const command_result result =
        with.run(import_of("accounts", with.scratch.file("companies.csv", companies), {}));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("Request has expired"));
    EXPECT_THAT(result.err, testing::Not(HasSubstr("X-Amz")));
    EXPECT_EQ(with.count_of("POST", "/api/v2/imports/actions/"), 1U) << "nothing was started";
}

} // namespace
} // namespace outreachd::command_line
