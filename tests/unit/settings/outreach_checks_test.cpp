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

} // namespace

} // namespace outreachd::settings::test
