/// `outreachd bulk` against a simulated Outreach.
#include "daemon/command_line/bulk_command.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"

namespace outreachd::command_line {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The tags of each prospect, by id.
std::vector<std::string> tags(const commanded_sandbox& with) {
    return with.ask("/prospects?sort=id", ".data[] | .attributes.tags | tostring");
}

std::vector<std::string> prospects(const commanded_sandbox& with) {
    return with.ask("/prospects?sort=id", ".data[].id");
}

const std::string spring = R"({"tags":["spring"]})";

TEST(Bulk, ConfirmsAndFollowsABatch) {
    const commanded_sandbox with;
    const auto ids = prospects(with);
    const command_result result =
        with.run({"bulk", "prospectsAddTags", "--filter", "id=" + ids.at(0) + "," + ids.at(2), "--data",
                  spring, "--yes", "--wait"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::ContainsRegex("^batch [0-9]+: finished, 2 of 2\n"));
    EXPECT_THAT(result.err, HasSubstr("prospectsAddTags on 2 records"));
    EXPECT_THAT(tags(with), ElementsAre(R"(["spring"])", testing::Ne(R"(["spring"])"), R"(["spring"])"));
}

TEST(Bulk, TakesIdsInTheDataForAFilterAndAWholeDocument) {
    const commanded_sandbox with;
    const auto ids = prospects(with);
    const typed_input typed{R"({"data":{"attributes":{"tags":["spring"],"ids":[)" + ids.at(1) + "]}}}"};
    const command_result result =
        with.run({"bulk", "prospectsAddTags", "--data", "-", "--yes", "--wait", "--json"}, &typed);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::StartsWith(R"({"batch":{"type":"batch","id":)"));
    EXPECT_THAT(result.out, testing::EndsWith(",\"failures\":[]}\n"));
    EXPECT_EQ(tags(with).at(1), R"(["spring"])");
    EXPECT_NE(tags(with).at(0), R"(["spring"])");
}

TEST(Bulk, AsksOnATerminal) {
    const commanded_sandbox with;
    const auto ids = prospects(with);
    const std::vector<std::string> asked{
        "bulk", "prospectsAddTags", "--filter", "id=" + ids.at(0), "--data", spring, "--wait"};
    const typed_input no{"n\n"};
    const command_result declined = with.run(asked, &no, true);
    EXPECT_EQ(declined.exit_code, 1);
    EXPECT_THAT(declined.err, HasSubstr("prospectsAddTags on 1 record. Go on? [y/N] "));
    EXPECT_THAT(declined.err, HasSubstr("is canceled; nothing has changed"));
    EXPECT_THAT(with.ask("/batches", ".data[].attributes.state"), ElementsAre("canceled"));
    EXPECT_NE(tags(with).at(0), R"(["spring"])");
    const typed_input nothing{""};
    EXPECT_EQ(with.run(asked, &nothing, true).exit_code, 1);
    const typed_input yes{"y\n"};
    const command_result agreed = with.run(asked, &yes, true);
    EXPECT_EQ(agreed.exit_code, 0) << agreed.err;
    EXPECT_EQ(tags(with).at(0), R"(["spring"])");
}

TEST(Bulk, LeavesABatchThatNobodyWaitsFor) {
    const commanded_sandbox with;
    const command_result result =
        with.run({"bulk", "prospectsAddTags", "--filter", "id=1..999999", "--data", spring, "--yes"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::ContainsRegex("^batch [0-9]+ has started\n"));
    EXPECT_THAT(result.out, HasSubstr("outreachd api GET /batches/"));
}

/// Nobody has confirmed it, so that it hasn't started.
TEST(Bulk, SaysSoWhereABatchIsNotCountedInTime) {
    sandbox::options slow = commanded_sandbox::quick();
    slow.count_delay = std::chrono::hours{1};
    const commanded_sandbox with{slow};
    std::ostringstream out;
    std::ostringstream err;
    bulk_options asked{.action = "prospectsAddTags",
                       .filters = {"id=1..999999"},
                       .action_parameters = {},
                       .data = {spring},
                       .is_confirmed = true,
                       .count_timeout = std::chrono::milliseconds{1}};
    EXPECT_EQ(run_bulk(with.config, asked, {.out = out, .err = err}), 1);
    EXPECT_EQ(out.str(), "");
    EXPECT_THAT(err.str(), HasSubstr("may wait for a confirmation; to see it: outreachd api GET /batches/"));
    EXPECT_EQ(with.count_of("POST", "/api/v2/batches/"), 1U) << "and no confirmation";

    asked.action_parameters = {"skipConfirmation=true"};
    EXPECT_EQ(run_bulk(with.config, asked, {.out = out, .err = err}), 0) << err.str();
    EXPECT_THAT(out.str(), HasSubstr("has started"));
}

TEST(Bulk, WaitsForTheCountBeforeItConfirms) {
    sandbox::options slow = commanded_sandbox::quick();
    slow.count_delay = std::chrono::milliseconds{300};
    const commanded_sandbox with{slow};
    EXPECT_EQ(with.run({"bulk", "prospectsAddTags", "--all", "--data", spring, "--yes"}).exit_code, 0);
    EXPECT_EQ(with.count_of("POST", "/api/v2/batches/"), 2U) << "one start, one confirmation";
}

TEST(Bulk, ListsWhatFailed) {
    const commanded_sandbox with;
    const auto ids = prospects(with);
    const std::string unknown_owner = R"({"ownerId":999999})";
    const std::string filter = "id=" + ids.at(0) + "," + ids.at(1);
    const command_result failed = with.run(
        {"bulk", "prospectsAssignOwner", "--filter", filter, "--data", unknown_owner, "--yes", "--wait"});
    EXPECT_EQ(failed.exit_code, 1);
    EXPECT_THAT(failed.out, HasSubstr("failed, 2 of 2, 2 failures"));
    EXPECT_THAT(failed.out, HasSubstr("{\"id\":" + ids.at(1) + "}"));
    EXPECT_THAT(failed.out, HasSubstr("There is no such user."));
    const command_result as_json = with.run({"bulk", "prospectsAssignOwner", "--filter", filter, "--data",
                                             unknown_owner, "--yes", "--wait", "--json"});
    EXPECT_EQ(as_json.exit_code, 1);
    EXPECT_THAT(as_json.out, HasSubstr(R"("failures":[{"type":"batchItem")"));
}

TEST(Bulk, ConfirmsTheCountWhereThatIsRequired) {
    sandbox::options strict = commanded_sandbox::quick();
    strict.confirmed_count_from = 1;
    const commanded_sandbox with{strict};
    EXPECT_EQ(with.run({"bulk", "prospectsAddTags", "--all", "--data", spring, "--yes", "--wait"}).exit_code,
              0);
    EXPECT_THAT(tags(with), testing::Each(R"(["spring"])"));
}

TEST(Bulk, FindsOutWhetherAConfirmationArrived) {
    commanded_sandbox with;
    sandbox::fault lost;
    lost.method = "POST";
    lost.path = "*/actions/confirm";
    lost.kind = sandbox::fault_kind::reset;
    lost.carries_out = true;
    with.subject.inject(lost);
    EXPECT_EQ(with.run({"bulk", "prospectsAddTags", "--all", "--data", spring, "--yes", "--wait"}).exit_code,
              0);
    EXPECT_EQ(with.count_of("POST", "/api/v2/batches/"), 2U) << "one start, one confirmation";
}

TEST(Bulk, FollowsThroughFailuresThatPass) {
    commanded_sandbox with;
    sandbox::fault broken;
    broken.method = "GET";
    broken.path = "*/batches/*";
    broken.kind = sandbox::fault_kind::answer;
    broken.times = 2;
    with.subject.inject(broken);
    EXPECT_EQ(with.run({"bulk", "prospectsAddTags", "--all", "--data", spring, "--yes", "--wait"}).exit_code,
              0);
}

TEST(Bulk, RefusesWhatMakesNoSenseAndSendsNothing) {
    const commanded_sandbox with;

    const struct {
        std::vector<std::string> arguments;
        const char* said;
    } cases[]{
        {{"bulk", "prospectsDestroyAll", "--yes"}, "would touch every record"},
        {{"bulk", "prospectsAddTags", "--data", R"({"ids":[]})", "--yes"}, "would touch every record"},
        {{"bulk", "prospectsDestroyAll", "--all", "--filter", "id=1", "--yes"}, "contradict each other"},
        {{"bulk", "prospectsDestroyAll", "--filter", "id=", "--yes"}, "would let everything through"},
        {{"bulk", "prospectsDestroyAll", "--filter", "id=1"}, "give --yes"},
        {{"bulk", "../tasks", "--filter", "id=1", "--yes"}, "is no bulk action"},
        {{"bulk", "prospectsAddTags", "--filter", "id=1", "--data", "[1]", "--yes"}, "is no JSON object"},
        {{"bulk", "prospectsAddTags", "--filter", "id=1", "--data", "{", "--yes"}, "is no JSON object"},
    };

    for (const auto& each : cases) {
        const command_result result = with.run(each.arguments);
        EXPECT_EQ(result.exit_code, 64) << testing::PrintToString(each.arguments) << result.err;
        EXPECT_THAT(result.err, HasSubstr(each.said)) << testing::PrintToString(each.arguments);
    }
    const typed_input yes{"y\n"};
    EXPECT_EQ(with.run({"bulk", "prospectsDestroyAll", "--filter", "id=1", "--action-param",
                        "skipConfirmation=true"},
                       &yes, true)
                  .exit_code,
              64);
    EXPECT_TRUE(with.subject.requests().empty());
}

TEST(Bulk, SaysWhatOutreachRefuses) {
    const commanded_sandbox with;
    const command_result result = with.run({"bulk", "prospectsFly", "--filter", "id=1", "--yes"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("answered 404"));
}

} // namespace
} // namespace outreachd::command_line
