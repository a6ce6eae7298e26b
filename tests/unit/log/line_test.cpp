/// How log lines look: one event is one line, whatever an outsider put into a value.
#include "daemon/log/line.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace outreachd::log {
namespace {

using namespace std::string_literals;

wall_time some_moment() {
    return *parse_timestamp("2026-11-21T08:22:55.123Z");
}

std::string text_of(std::string_view message, std::vector<field> fields) {
    return format_line({format::text, false}, some_moment(), level::info, message, fields);
}

std::string json_of(std::string_view message, std::vector<field> fields) {
    return format_line({format::json, false}, some_moment(), level::info, message, fields);
}

TEST(Line, TextOpensWithTimeLevelMessage) {
    EXPECT_EQ(text_of("listening", {{"port", 8443}, {"address", "::"}, {"tls", true}, {"share", 0.25}}),
              "2026-11-21T08:22:55.123Z info listening port=8443 address=:: tls=true share=0.25");
}

TEST(Line, JsonOpensWithTimeLevelMessage) {
    EXPECT_EQ(json_of("listening", {{"port", 8443}, {"address", "::"}, {"tls", false}, {"share", 0.25}}),
              R"({"time":"2026-11-21T08:22:55.123Z","level":"info","message":"listening",)"
              R"("port":8443,"address":"::","tls":false,"share":0.25})");
}

TEST(Line, JournalGetsNoTime) {
    EXPECT_EQ(format_line({format::text, true}, some_moment(), level::warn, "stored", {}), "warn stored");
}

TEST(Line, JournalJsonKeepsItsTime) {
    EXPECT_EQ(format_line({format::json, true}, some_moment(), level::error, "stored", {}),
              R"({"time":"2026-11-21T08:22:55.123Z","level":"error","message":"stored"})");
}

TEST(Line, ValuesFromOutsideAreEscaped) {
    struct {
        const char* label;
        std::string value;
        std::string text;
        std::string json;
    } const cases[] = {
        {"plain", "task.completed", "task.completed", R"("task.completed")"},
        {"empty", "", R"("")", R"("")"},
        {"space", "two words", R"("two words")", R"("two words")"},
        {"equals", "a=b", R"("a=b")", R"("a=b")"},
        {"quote", R"(say "hi")", R"("say \"hi\"")", R"("say \"hi\"")"},
        {"backslash", R"(C:\x)", R"("C:\\x")", R"("C:\\x")"},
        {"line end", "a\r\nINFO forged", R"("a\r\nINFO forged")", R"("a\u000d\u000aINFO forged")"},
        {"tab", "a\tb", R"("a\tb")", R"("a\u0009b")"},
        {"nul", "a\0b"s, R"("a\x00b")", R"("a\u0000b")"},
        {"terminal escape", "\x1b[2J", R"("\x1b[2J")", R"("\u001b[2J")"},
        {"del", "\x7f", R"("\x7f")", R"("\u007f")"},
        {"C1 control", "\xc2\x9b", R"("\xc2\x9b")", R"("\u009b")"},
        {"line separator", "\xe2\x80\xa8", R"("\xe2\x80\xa8")", R"("\u2028")"},
        {"right to left override", "\xe2\x80\xae", R"("\xe2\x80\xae")", R"("\u202e")"},
        {"accents stay", "Zo\xc3\xab", "Zo\xc3\xab", "\"Zo\xc3\xab\""},
        {"four bytes stay", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
        {"lone continuation", "\x80", R"("\x80")", R"("\ufffd")"},
        {"cut character", "\xe2\x82", R"("\xe2\x82")", R"("\ufffd\ufffd")"},
        {"overlong slash", "\xc0\xaf", R"("\xc0\xaf")", R"("\ufffd\ufffd")"},
        {"surrogate", "\xed\xa0\x80", R"("\xed\xa0\x80")", R"("\ufffd\ufffd\ufffd")"},
        {"beyond Unicode", "\xf4\x90\x80\x80", R"("\xf4\x90\x80\x80")", R"("\ufffd\ufffd\ufffd\ufffd")"},
        {"never valid", "\xff", R"("\xff")", R"("\ufffd")"},
    };

    for (const auto& each : cases) {
        SCOPED_TRACE(each.label);
        EXPECT_EQ(text_of("m", {{"k", each.value}}), "2026-11-21T08:22:55.123Z info m k=" + each.text);
        EXPECT_EQ(json_of("m", {{"k", each.value}}),
                  R"({"time":"2026-11-21T08:22:55.123Z","level":"info","message":"m","k":)" + each.json +
                      "}");
    }
}

TEST(Line, EveryByteGivesOnePrintableLine) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; second += 5) {
            const std::string value{static_cast<char>(first), static_cast<char>(second)};
            for (const std::string& line : {text_of(value, {{"k", value}}), json_of(value, {{"k", value}})}) {
                for (const char c : line)
                    EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << first << ' ' << second;
            }
        }
    }
}

TEST(Line, MessageIsEscapedToo) {
    EXPECT_EQ(text_of("a\nb \"c\"", {}), R"(2026-11-21T08:22:55.123Z info a\nb "c")");
}

TEST(Line, KeysCannotBreakTheLine) {
    EXPECT_EQ(text_of("m", {{"a b\"=\n", 1}}), "2026-11-21T08:22:55.123Z info m a_b___=1");
}

TEST(Line, ValuesAreCutBehindTheirLimit) {
    const std::string at_limit(value_bytes_max, 'x');
    EXPECT_TRUE(text_of("m", {{"k", at_limit}}).ends_with("k=" + at_limit));
    EXPECT_TRUE(json_of("m", {{"k", at_limit}}).ends_with("\"k\":\"" + at_limit + "\"}"));
    const std::string above = at_limit + "y";
    EXPECT_TRUE(text_of("m", {{"k", above}}).ends_with("k=" + at_limit + std::string{cut_mark}));
    EXPECT_TRUE(
        json_of("m", {{"k", above}}).ends_with("\"k\":\"" + at_limit + std::string{cut_mark} + "\"}"));
}

TEST(Line, CutNeverSplitsCharacter) {
    for (std::size_t before = value_bytes_max - 4; before <= value_bytes_max; ++before) {
        const std::string value = std::string(before, 'x') + "\xf0\x9f\x98\x80" + std::string(9, 'y');
        const std::string line = text_of("m", {{"k", value}});
        EXPECT_EQ(line.find("\\x"), std::string::npos) << before;
        EXPECT_TRUE(line.ends_with(cut_mark)) << before;
    }
}

TEST(Line, CutOfBytesThatAreNotUtf8IsBounded) {
    const std::string value(1000, '\x80');
    EXPECT_LE(text_of("m", {{"k", value}}).size(), 40 + 4 * value_bytes_max);
}

TEST(Line, NumbersAreExact) {
    EXPECT_TRUE(
        text_of("m", {{"k", std::numeric_limits<std::int64_t>::min()}}).ends_with("k=-9223372036854775808"));
    EXPECT_TRUE(text_of("m", {{"k", 0.1}}).ends_with("k=0.1"));
    EXPECT_TRUE(json_of("m", {{"k", std::numeric_limits<double>::quiet_NaN()}}).ends_with(R"("k":null})"));
    EXPECT_TRUE(json_of("m", {{"k", std::numeric_limits<double>::infinity()}}).ends_with(R"("k":null})"));
}

TEST(Line, LevelsAreReadByTheirNames) {
    for (const level at : {level::debug, level::info, level::warn, level::error})
        EXPECT_EQ(parse_level(to_string(at)), at);
    for (const char* const wrong : {"", "Info", "warning", "trace", "info "})
        EXPECT_EQ(parse_level(wrong), std::nullopt) << wrong;
}

TEST(Line, JournalIsKnownByDeviceAndInode) {
    EXPECT_TRUE(is_journal_stream("8:12345", 8, 12345));
    EXPECT_TRUE(is_journal_stream("18446744073709551615:1", ~0ULL, 1));
    for (const char* const other :
         {"", ":", "8", "8:", ":12345", "8:12346", "9:12345", "8:12345 ", "8:12345:1", "8;12345", "x:12345",
          "-8:12345", "99999999999999999999:12345"})
        EXPECT_FALSE(is_journal_stream(other, 8, 12345)) << other;
}

} // namespace
} // namespace outreachd::log
