/// How entries of the journal look: read back by the protocol's description, whatever a value holds.
#include "daemon/log/journal_entry.hpp"
#include "daemon/log/line.hpp"
#include "tests/unit/log/journal_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

namespace outreachd::log {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::Pair;

wall_time some_time() {
    return *parse_timestamp("2026-11-21T08:22:55.123Z");
}

std::string entry_of(std::string_view message, const std::vector<field>& fields, level at = level::info,
                     format layout = format::text) {
    return format_entry(layout, some_time(), at, message, fields);
}

/// The one value of the one field `k`, and nothing else that shouldn't be there.
std::string value_of_k(const std::string& entry) {
    const auto fields = read_entry(entry);
    if (!fields || fields->size() != 5)
        return "not an entry of five fields";
    const auto values = values_of(*fields, "OUTREACHD_K");
    return values.size() == 1 ? values.front() : "not one OUTREACHD_K";
}

TEST(JournalEntry, HoldsPriorityLineOriginAndEachField) {
    const auto fields = read_entry(entry_of("stored again", {{"event_id", "5ba2f0ac"},
                                                             {"source", "/webhooks/outreach"},
                                                             {"count", 3},
                                                             {"share", 0.25},
                                                             {"tls", true}}));
    ASSERT_TRUE(fields);
    EXPECT_THAT(
        *fields,
        ElementsAre(Pair("PRIORITY", "6"),
                    Pair("MESSAGE", "info stored again event_id=5ba2f0ac source=/webhooks/outreach count=3 "
                                    "share=0.25 tls=true"),
                    Pair("SYSLOG_FACILITY", "3"), Pair("SYSLOG_IDENTIFIER", "outreachd"),
                    Pair("OUTREACHD_EVENT_ID", "5ba2f0ac"), Pair("OUTREACHD_SOURCE", "/webhooks/outreach"),
                    Pair("OUTREACHD_COUNT", "3"), Pair("OUTREACHD_SHARE", "0.25"),
                    Pair("OUTREACHD_TLS", "true")));
}

TEST(JournalEntry, PriorityFollowsTheLevel) {
    struct {
        level at;
        const char* priority;
        const char* line;
    } const cases[] = {
        {level::debug, "7", "debug stored"},
        {level::info, "6", "info stored"},
        {level::warn, "4", "warn stored"},
        {level::error, "3", "error stored"},
    };

    for (const auto& each : cases) {
        const auto fields = read_entry(entry_of("stored", {}, each.at));
        ASSERT_TRUE(fields);
        EXPECT_THAT(values_of(*fields, "PRIORITY"), ElementsAre(each.priority));
        EXPECT_THAT(values_of(*fields, "MESSAGE"), ElementsAre(each.line));
    }
}

TEST(JournalEntry, JsonLineIsTheMessage) {
    const auto fields = read_entry(entry_of("stored", {{"k", "a\nb"}}, level::error, format::json));
    ASSERT_TRUE(fields);
    EXPECT_THAT(
        values_of(*fields, "MESSAGE"),
        ElementsAre(
            R"({"time":"2026-11-21T08:22:55.123Z","level":"error","message":"stored","k":"a\u000ab"})"));
    EXPECT_THAT(values_of(*fields, "OUTREACHD_K"), ElementsAre("a\nb"));
}

TEST(JournalEntry, ValuesFromOutsideStayAsTheyAre) {
    const std::pair<const char*, std::string> cases[] = {
        {"plain", "task.completed"},
        {"empty", ""},
        {"equals", "a=b=c"},
        {"line end", "a\nb"},
        {"line end alone", "\n"},
        {"line ends at both ends", "\na\n\n"},
        {"forged field", "x\nPRIORITY=0\nMESSAGE=forged"},
        {"forged entry", "x\n\nMESSAGE=forged\n"},
        {"forged size", "x\n\x01\0\0\0\0\0\0\0y\n"s},
        {"carriage return", "a\rb"},
        {"nul", "a\0b"s},
        {"nul and line end", "\0\n\0"s},
        {"terminal escape", "\x1b[2J"},
        {"not UTF-8", "\xff\xfe\x80"},
        {"not UTF-8, with line end", "\xc0\n\xaf"},
        {"right to left override", "\xe2\x80\xae"},
        {"four bytes", "\xf0\x9f\x98\x80"},
    };

    for (const auto& [label, value] : cases) {
        SCOPED_TRACE(label);
        const std::string entry = entry_of("m", {{"k", value}});
        EXPECT_EQ(value_of_k(entry), value);
        EXPECT_EQ(line_of_entry(entry), "<6>" +
                                            format_line({format::text, true}, some_time(), level::info, "m",
                                                        std::vector<field>{{"k", value}}) +
                                            "\n");
    }
}

TEST(JournalEntry, EveryByteStaysAsItIs) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; second += 5) {
            const std::string value{static_cast<char>(first), static_cast<char>(second)};
            EXPECT_EQ(value_of_k(entry_of(value, {{"k", value}})), value) << first << ' ' << second;
        }
    }
}

TEST(JournalEntry, MessageNeverEndsItsField) {
    const auto fields = read_entry(entry_of("a\nPRIORITY=0\nb", {}));
    ASSERT_TRUE(fields);
    EXPECT_THAT(values_of(*fields, "MESSAGE"), ElementsAre(R"(info a\nPRIORITY=0\nb)"));
    EXPECT_THAT(values_of(*fields, "PRIORITY"), ElementsAre("6"));
}

TEST(JournalEntry, ValuesAreCutWhereTheLineCutsThem) {
    const std::string at_limit(value_bytes_max, 'x');
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", at_limit}})), at_limit);
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", at_limit + "y"}})), at_limit + std::string{cut_mark});
    const std::string lines(value_bytes_max + 1, '\n');
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", lines}})),
              std::string(value_bytes_max, '\n') + std::string{cut_mark});
    const std::string across = std::string(value_bytes_max - 1, 'x') + "\xf0\x9f\x98\x80";
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", across}})),
              std::string(value_bytes_max - 1, 'x') + std::string{cut_mark});
}

TEST(JournalEntry, NumbersAreExact) {
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", std::numeric_limits<std::int64_t>::min()}})),
              "-9223372036854775808");
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", 0.1}})), "0.1");
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", std::numeric_limits<double>::quiet_NaN()}})), "nan");
    EXPECT_EQ(value_of_k(entry_of("m", {{"k", false}})), "false");
}

TEST(JournalEntry, FieldNamesAreOfTheJournalsKind) {
    const std::string longest(field_name_bytes_max - std::string_view{"OUTREACHD_"}.size(), 'a');
    const std::string longest_in_capitals(longest.size(), 'A');
    const std::pair<std::string, std::string> cases[] = {
        {"event_id", "OUTREACHD_EVENT_ID"},
        {"outage_ms", "OUTREACHD_OUTAGE_MS"},
        {"listen.tls", "OUTREACHD_LISTEN_TLS"},
        {"Key9", "OUTREACHD_KEY9"},
        {"_hidden", "OUTREACHD__HIDDEN"},
        {"a b\"=\n\0c"s, "OUTREACHD_A_B____C"},
        {"gr\xc3\xb6\xc3\x9f"
         "e",
         "OUTREACHD_GR____E"},
        {"", "OUTREACHD_"},
        {longest, "OUTREACHD_" + longest_in_capitals},
        {longest + "b", "OUTREACHD_" + longest_in_capitals},
    };

    for (const auto& [key, name] : cases) {
        EXPECT_EQ(field_name(key), name);
        EXPECT_LE(field_name(key).size(), field_name_bytes_max);
        const auto fields = read_entry(entry_of("m", {{key, "v"}}));
        ASSERT_TRUE(fields) << name;
        EXPECT_THAT(values_of(*fields, name), ElementsAre("v"));
    }
}

TEST(JournalEntry, LineOfAnEntryHasItsPriority) {
    const std::vector<field> fields{{"a", "x y"}, {"b", 2}};
    EXPECT_EQ(line_of_entry(entry_of("stored", fields, level::debug)), "<7>debug stored a=\"x y\" b=2\n");
    EXPECT_EQ(line_of_entry(entry_of("stored", fields, level::info)), "<6>info stored a=\"x y\" b=2\n");
    EXPECT_EQ(line_of_entry(entry_of("stored", fields, level::warn)), "<4>warn stored a=\"x y\" b=2\n");
    EXPECT_EQ(line_of_entry(entry_of("stored", fields, level::error)), "<3>error stored a=\"x y\" b=2\n");
    EXPECT_EQ(line_of_entry(entry_of("stored", {}, level::info, format::json)),
              "<6>{\"time\":\"2026-11-21T08:22:55.123Z\",\"level\":\"info\",\"message\":\"stored\"}\n");
}

} // namespace
} // namespace outreachd::log
