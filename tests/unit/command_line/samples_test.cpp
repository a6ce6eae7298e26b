/// Every sample is an event of the name that was asked for.
#include "daemon/command_line/samples.hpp"
#include "daemon/event/event_reader.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace outreachd::command_line {
namespace {

namespace json = boost::json;

sample_identity identity_at(const char* time, std::uint64_t resource = 330'021) {
    return {.now = parse_timestamp(time).value(),
            .job = parse_event_id("01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f").value(),
            .resource = resource};
}

TEST(Samples, CoverEveryKindOfEventThatIsKnown) {
    const std::vector<std::string> known{"account.created",
                                         "account.updated",
                                         "account.destroyed",
                                         "call.created",
                                         "call.updated",
                                         "call.destroyed",
                                         "emailAddress.created",
                                         "emailAddress.updated",
                                         "emailAddress.destroyed",
                                         "import.created",
                                         "import.finished",
                                         "kaiaRecording.created",
                                         "mailing.created",
                                         "mailing.updated",
                                         "mailing.destroyed",
                                         "mailing.bounced",
                                         "mailing.delivered",
                                         "mailing.opened",
                                         "mailing.replied",
                                         "opportunity.created",
                                         "opportunity.updated",
                                         "opportunity.destroyed",
                                         "opportunityProspectRole.created",
                                         "opportunityProspectRole.updated",
                                         "opportunityProspectRole.destroyed",
                                         "prospect.created",
                                         "prospect.updated",
                                         "prospect.destroyed",
                                         "sequence.created",
                                         "sequence.updated",
                                         "sequence.destroyed",
                                         "sequenceState.created",
                                         "sequenceState.updated",
                                         "sequenceState.destroyed",
                                         "sequenceState.advanced",
                                         "sequenceState.finished",
                                         "task.created",
                                         "task.updated",
                                         "task.destroyed",
                                         "task.completed",
                                         "user.created",
                                         "user.updated",
                                         "install.created",
                                         "install.deleted"};
    EXPECT_THAT(sample_names(), testing::UnorderedElementsAreArray(known));
}

TEST(Samples, ReadAsTheEventThatWasAskedFor) {
    for (const std::string& name : sample_names()) {
        SCOPED_TRACE(name);
        const std::string body = sample_body(name, identity_at("2026-11-21T08:22:55.123Z"));
        const event_facts facts = read_event(body);
        EXPECT_TRUE(facts.is_readable);
        EXPECT_EQ(facts.name, name);
        const bool is_install = facts.resource == "install";
        EXPECT_EQ(facts.resource_id, is_install ? "01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f" : "330021");
        EXPECT_EQ(facts.job_id, is_install ? "" : "01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f");
        ASSERT_TRUE(facts.delivered_at);
        EXPECT_EQ(to_rfc3339(*facts.delivered_at).substr(0, 19), "2026-11-21T08:22:55");
    }
}

TEST(Samples, AreCompactJsonWithoutPlaceholders) {
    for (const std::string& name : sample_names()) {
        SCOPED_TRACE(name);
        const std::string body = sample_body(name, identity_at("2026-11-21T08:22:55.123Z"));
        const json::value parsed = json::parse(body);
        EXPECT_EQ(body.find('@' + std::string{"now"}), std::string::npos);
        EXPECT_EQ(body.find("@before"), std::string::npos);
        // A number such as 0.0 is written otherwise by the library; all else must come back the same.
        if (body.find("0.0") == std::string::npos) {
            EXPECT_EQ(json::serialize(parsed), body);
        }
    }
}

TEST(Samples, NameNoAttributeTwice) {
    for (const std::string& name : sample_names()) {
        const std::string body = sample_body(name, identity_at("2026-11-21T08:22:55.123Z"));
        // An object that dropped a repeated key has fewer characters than the text it came from.
        EXPECT_GE(json::serialize(json::parse(body)).size(), body.size()) << name;
    }
}

TEST(Samples, CarryFlatRelationshipsAndATopLevelMeta) {
    const json::value task = json::parse(sample_body("task.created", identity_at("2026-11-21T08:22:55Z")));
    EXPECT_EQ(json::serialize(task.at("data").at("relationships").at("owner")),
              R"({"type":"owner","id":14})");
    EXPECT_EQ(task.at("data").at("id").as_int64(), 330'021);
    EXPECT_EQ(task.at("meta").at("deliveredAt"), "2026-11-21T00:22:55.000-08:00");
    EXPECT_EQ(task.at("data").at("attributes").at("createdAt"), "2026-11-21T08:22:55.000Z");
}

TEST(Samples, ShowWhatAnUpdateChangedAndWhatWasThereBefore) {
    const json::value changed =
        json::parse(sample_body("prospect.updated", identity_at("2026-11-21T08:22:55Z")));
    EXPECT_EQ(changed.at("data").at("attributes").at("title"), "Chief Procurement Officer");
    EXPECT_EQ(changed.at("beforeUpdate").at("attributes").at("title"), "Head of Procurement");
    EXPECT_EQ(changed.at("beforeUpdate").at("id"), changed.at("data").at("id"));
    const json::value made =
        json::parse(sample_body("prospect.created", identity_at("2026-11-21T08:22:55Z")));
    EXPECT_FALSE(made.as_object().contains("beforeUpdate"));
}

TEST(Samples, DifferFromEachOther) {
    std::set<std::string> bodies;
    for (std::uint64_t id = 1; id <= 100; ++id)
        bodies.insert(sample_body("task.completed", identity_at("2026-11-21T08:22:55Z", id)));
    EXPECT_EQ(bodies.size(), 100U);
}

} // namespace
} // namespace outreachd::command_line
