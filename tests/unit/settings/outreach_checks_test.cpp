/// What `check` warns of where a host calls Outreach.
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* oauth =
    "outreach: {auth: {type: oauth, client_id: c, client_secret: {env: OUTREACHD_TEST_SECRET}}}\n";
constexpr const char* through_rabbitmq = "queue: {type: amqp, amqp: {uri: {env: OUTREACHD_TEST_SECRET}}}\n";

std::vector<std::string> warnings_of(const std::string& text) {
    const variable given{"OUTREACHD_TEST_SECRET", "amqp://localhost"};
    const loaded result = parse_settings(text);
    EXPECT_THAT(lines_of(result.errors), IsEmpty()) << text;
    return lines_of(result.warnings);
}

std::string with_roles(const std::string& roles, const std::string& access = oauth) {
    return std::string{least} + access + through_rabbitmq + "roles: " + roles +
           "\nhandlers: {audit: {type: log}}\nroutes: [{match: \"*\", to: [audit]}]\n";
}

/// Each use of a refresh token makes a new one, and hosts share no file.
TEST(OutreachChecks, WarnOfOauthWhereRolesAreSplit) {
    const auto says_so = HasSubstr("outreach.auth: 'oauth' serves one host");
    EXPECT_THAT(warnings_of(with_roles("[receive]")), testing::Contains(says_so));
    EXPECT_THAT(warnings_of(with_roles("[work]")), testing::Contains(says_so));
    EXPECT_THAT(warnings_of(with_roles("[receive, work]")), IsEmpty());
    EXPECT_THAT(warnings_of(with_roles("[work]", "outreach: {auth: {type: token, token: {env: "
                                                 "OUTREACHD_TEST_SECRET}}}\n")),
                testing::Not(testing::Contains(says_so)));
}

/// One file serves all hosts, and a variable that is set for another one needn't be here.
TEST(OutreachChecks, PassOverTheBackfillOfAHostThatDoesNotReceive) {
    EXPECT_THAT(
        warnings_of("backfill: {on_start: \"${OUTREACHD_TEST_NOT_SET}\", resources: [\"no resource\"]}\n" +
                    std::string{through_rabbitmq} +
                    "roles: [work]\nhandlers: {audit: {type: log}}\n"
                    "routes: [{match: \"*\", to: [audit]}]\n"),
        ElementsAre(HasSubstr("backfill: is not used here: 'roles' doesn't name 'receive'")));
}

std::string fetching(const std::string& subscribe, const std::string& routes,
                     const std::string& backfill = "{on_start: auto}") {
    return "listen: {address: 127.0.0.1, tls: off}\n"
           "endpoints: [{path: /w, secrets: [{env: OUTREACHD_TEST_SECRET}]}]\n" +
           std::string{oauth} + "webhooks: {url: \"https://hooks.example.com/w\", subscribe: " + subscribe +
           "}\nbackfill: " + backfill + "\nhandlers: {audit: {type: log}}\nroutes: [{match: " + routes +
           ", to: [audit]}]\n";
}

/// What is fetched comes as created or updated, so that a route of anything else never gets it.
TEST(OutreachChecks, WarnWhereNoRouteTakesWhatIsFetched) {
    EXPECT_THAT(
        warnings_of(fetching("[task.completed, mailing.replied]", "[task.completed, mailing.replied]")),
        ElementsAre(
            "5:22: backfill.on_start: no route takes task.updated, mailing.updated: what 'auto' fetches "
            "comes under these names, whatever happened, and will end unrouted"));
    EXPECT_THAT(warnings_of(fetching("[task.created]", "task.updated")),
                ElementsAre(HasSubstr("no route takes task.created:")));
    EXPECT_THAT(warnings_of(fetching("[task.completed]", "task.completed",
                                     "{on_start: auto, resources: [prospect]}")),
                ElementsAre(HasSubstr("no route takes prospect.updated:")));
    for (const char* routes : {"[task.completed, task.updated]", "\"*\"", "\"task.*\""})
        EXPECT_THAT(warnings_of(fetching("[task.completed]", routes)), IsEmpty()) << routes;
    EXPECT_THAT(warnings_of(fetching("[task.created]", "task.created")), IsEmpty());
    EXPECT_THAT(warnings_of(fetching("[task.destroyed]", "task.destroyed")), IsEmpty())
        << "of deletions nothing is fetched";
    EXPECT_THAT(warnings_of(fetching("[task.completed]", "task.completed", "{on_start: off}")), IsEmpty());
}

/// A password in front of the host, a key in the path: errors travel far.
TEST(OutreachChecks, SayNothingOfWhatAVariableHolds) {
    const variable given{"OUTREACHD_TEST_SECRET", "hunter2"};

    const struct {
        const char* key;
        const char* before;
        const char* behind;
    } places[] = {
        {"base_url",
         "outreach: {base_url: ", ", auth: {type: token, token: {env: OUTREACHD_TEST_SECRET}}}\n"},
        {"token_url",
         "outreach: {auth: {type: oauth, client_id: c, client_secret: {env: OUTREACHD_TEST_SECRET}, "
         "token_url: ",
         "}}\n"},
        {"redirect_uri",
         "outreach: {auth: {type: oauth, client_id: c, client_secret: {env: OUTREACHD_TEST_SECRET}, "
         "redirect_uri: ",
         "}}\n"},
        {"webhooks.url",
         "outreach: {auth: {type: token, token: {env: OUTREACHD_TEST_SECRET}}}\n"
         "webhooks: {subscribe: [task.completed], url: ",
         "}\n"},
    };

    for (const auto& [key, before, behind] : places)
        for (const std::string written :
             {"https://svc:${OUTREACHD_TEST_SECRET}@api.example.com", "https://svc:hunter2@api.example.com",
              "http://api.example.com/${OUTREACHD_TEST_SECRET}", "${OUTREACHD_TEST_SECRET}",
              "https://api.example.com/${OUTREACHD_TEST_SECRET}/./", "https://${OUTREACHD_TEST_SECRET} /"}) {
            const auto lines =
                lines_of(parse_settings(std::string{least} + before + '"' + written + '"' + behind).errors);
            EXPECT_THAT(lines, testing::Contains(HasSubstr(key))) << written;
            EXPECT_THAT(lines, testing::Each(testing::Not(HasSubstr("hunter2")))) << key << ": " << written;
        }
    EXPECT_THAT(lines_of(parse_settings(std::string{least} + places[3].before +
                                        "\"https://hooks.example.com/${OUTREACHD_TEST_SECRET}\"}\n")
                             .errors),
                ElementsAre(HasSubstr("there is no endpoint with the path of "
                                      "'https://hooks.example.com/${OUTREACHD_TEST_SECRET}'")));
    EXPECT_THAT(lines_of(parse_settings(std::string{least} + places[0].before +
                                        "\"https://api.example.com/?key=${OUTREACHD_TEST_SECRET}\"" +
                                        places[0].behind)
                             .errors),
                ElementsAre(HasSubstr("/?key=${OUTREACHD_TEST_SECRET}' has a query")));
}

} // namespace

} // namespace outreachd::settings::test
