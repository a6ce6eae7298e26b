/// The parameters of `GET /api/events`.
#include "daemon/admin/event_query.hpp"
#include "daemon/event/event_id.hpp"

#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

using namespace std::chrono_literals;

const wall_time asked_at = *parse_timestamp("2026-11-21T08:22:55Z");
const std::string some_id = "0193e0a1-7c00-7abc-8def-0123456789ab";

store::event_filter parse(const std::string& query) {
    const auto parsed = parse_event_query(query, asked_at);
    if (const auto* bad = std::get_if<bad_parameter>(&parsed)) {
        ADD_FAILURE() << query << ": " << bad->message;
        return {};
    }
    return std::get<store::event_filter>(parsed);
}

TEST(EventQuery, EmptyIsTheDefaultList) {
    for (const char* const query : {"", "&", "&&"}) {
        const auto filter = parse(query);
        EXPECT_EQ(filter.limit, 50U);
        EXPECT_FALSE(filter.before || filter.since || filter.state);
        EXPECT_TRUE(filter.handler.empty() && filter.name.empty() && filter.resource.empty());
    }
}

TEST(EventQuery, TakesAllParameters) {
    const auto filter =
        parse("limit=7&before=" + some_id +
              "&since=2h&state=dead&name=task.completed&resource=task%3A12+3&handler=crm%2Fa");
    EXPECT_EQ(filter.limit, 7U);
    EXPECT_EQ(filter.before, parse_event_id(some_id));
    EXPECT_EQ(filter.since, asked_at - 2h);
    EXPECT_EQ(filter.state, store::event_state::dead);
    EXPECT_EQ(filter.name, "task.completed");
    EXPECT_EQ(filter.resource, "task:12 3");
    EXPECT_EQ(filter.handler, "crm/a");
}

TEST(EventQuery, LimitIsOneToThousand) {
    EXPECT_EQ(parse("limit=1").limit, 1U);
    EXPECT_EQ(parse("limit=1000").limit, 1000U);
    for (const char* const query : {"limit=0", "limit=1001", "limit=-1", "limit=+1", "limit=", "limit",
                                    "limit=1x", "limit=99999999999999999999", "limit=1.0"})
        EXPECT_TRUE(std::holds_alternative<bad_parameter>(parse_event_query(query, asked_at))) << query;
}

TEST(EventQuery, NamesTheWrongParameter) {
    struct {
        const char* query;
        const char* named;
    } const cases[] = {
        {"limit=x", "'limit'"},
        {"before=123", "'before'"},
        {"since=yesterday", "'since'"},
        {"state=running", "'state'"},
        {"name=", "'name'"},
        {"handler=", "'handler'"},
        {"resource=", "'resource'"},
        {"colour=red", "'colour'"},
        {"Limit=5", "'Limit'"},
        {"limit=5&limit=5", "'limit' is given twice"},
        {"name=%4", "'name=%4'"},
        {"name=%zz", "'name=%zz'"},
        {"%", "'%'"},
    };

    for (const auto& each : cases) {
        const auto parsed = parse_event_query(each.query, asked_at);
        const auto* const bad = std::get_if<bad_parameter>(&parsed);
        ASSERT_NE(bad, nullptr) << each.query;
        EXPECT_NE(bad->message.find(each.named), std::string::npos) << bad->message;
    }
}

TEST(EventQuery, TakesATimeWithoutAZoneForUtc) {
    EXPECT_EQ(parse("since=2026-11-21T08:00:00").since, parse("since=2026-11-21T08:00:00Z").since);
    EXPECT_EQ(parse("since=2026-11-21T08:00:00").since, parse("since=2026-11-21T10:00:00%2B02:00").since);
}

TEST(EventQuery, BoundsAGlobOnNames) {
    const std::string longest = "*." + std::string(510, 'x');
    EXPECT_EQ(parse("name=" + longest).name, longest);
    const auto parsed = parse_event_query("name=x" + longest, asked_at);
    ASSERT_TRUE(std::holds_alternative<bad_parameter>(parsed));
    EXPECT_NE(std::get<bad_parameter>(parsed).message.find("of at most 512 bytes"), std::string::npos);
}

TEST(EventQuery, KnowsAllStates) {
    for (const char* const state : {"pending", "published", "done", "dead", "unrouted"})
        EXPECT_EQ(store::to_string(*parse("state=" + std::string{state}).state), state);
}

TEST(Since, TakesTimesAndDurations) {
    struct {
        const char* text;
        wall_time time;
    } const cases[] = {
        {"0s", asked_at},
        {"90s", asked_at - 90s},
        {"15m", asked_at - 15min},
        {"2h", asked_at - 2h},
        {"7d", asked_at - 24h * 7},
        {"2026-11-20T00:00:00Z", *parse_timestamp("2026-11-20T00:00:00Z")},
        {"2026-11-20T02:00:00+02:00", *parse_timestamp("2026-11-20T00:00:00Z")},
        {"2026-11-20T02:00:00 02:00", *parse_timestamp("2026-11-20T00:00:00Z")}, // A `+` that wasn't encoded.
        {"2026-11-20T00:00:00.250Z", *parse_timestamp("2026-11-20T00:00:00.250Z")},
    };

    for (const auto& each : cases)
        EXPECT_EQ(parse_since(each.text, asked_at), each.time) << each.text;
}

TEST(Since, RefusesAnythingElse) {
    for (const char* const text : {"", "h", "2", "-2h", "+2h", "2.5h", "2 h", "2w", "2hh", "tomorrow", "d",
                                   "99999999999999999999d", "40000d", "9223372036854775807s"})
        EXPECT_FALSE(parse_since(text, asked_at)) << text;
}

TEST(PercentDecode, UndoesTheEncoding) {
    EXPECT_EQ(percent_decode("a%20b+c%2b%C3%A9"), "a b c+\xc3\xa9");
    EXPECT_EQ(percent_decode(""), "");
    EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
    for (const char* const text : {"%", "%1", "%g0", "%0g", "a%"})
        EXPECT_FALSE(percent_decode(text)) << text;
}

} // namespace
} // namespace outreachd::admin
