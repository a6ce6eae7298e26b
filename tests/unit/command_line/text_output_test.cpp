/// What is shown on a terminal: columns, durations, and text from outside.
#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/latency_summary.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_time.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace outreachd::command_line {
namespace {

using namespace std::chrono_literals;

TEST(Printable, EscapesWhatATerminalWouldObey) {
    const struct {
        const char* label;
        std::string text;
        std::string shown;
    } cases[]{
        {"plain", "task.completed", "task.completed"},
        {"letters of other scripts", "Zoë 株式会社 🚀", "Zoë 株式会社 🚀"},
        {"an escape sequence", "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
        {"line breaks and tabs", "a\r\nb\tc", "a\\r\\nb\\tc"},
        {"a zero byte", std::string{"a\0b", 3}, "a\\x00b"},
        {"delete", "\x7f", "\\x7f"},
        {"a C1 control, which some terminals take for an escape",
         "\xc2\x9b"
         "31m",
         "\\u{009b}31m"},
        {"the mark that turns the direction of writing",
         "gpj\xe2\x80\xae"
         "exe",
         "gpj\\u{202e}exe"},
        {"not UTF-8", "a\xff\xc3", "a\\xff\\xc3"},
        {"an overlong slash", "\xc0\xaf", "\\xc0\\xaf"},
        {"half of a surrogate pair", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
    };

    for (const auto& each : cases)
        EXPECT_EQ(printable(each.text), each.shown) << each.label;
}

TEST(Printable, KeepsLinesAndNothingElseThatATerminalWouldObey) {
    const struct {
        const char* label;
        std::string text;
        std::string shown;
    } cases[]{
        {"nothing", "", ""},
        {"one line", "a", "  a\n"},
        {"lines, the last one ended", "stdout:\na\n", "  stdout:\n  a\n"},
        {"empty lines between", "a\n\nb", "  a\n  \n  b\n"},
        {"line breaks of Windows", "a\r\nb\r", "  a\n  b\n"},
        {"a line that would write over itself", "good\rbad\n", "  good\\rbad\n"},
        {"tabs", "\tat main\t", "      at main    \n"},
        {"an escape sequence on each line", "\x1b[2J\n\x1b]0;x\x07", "  \\x1b[2J\n  \\x1b]0;x\\x07\n"},
        {"breaks that only Unicode knows",
         "a\xe2\x80\xa8"
         "b\xc2\x85"
         "c",
         "  a\\u{2028}b\\u{0085}c\n"},
    };

    for (const auto& each : cases)
        EXPECT_EQ(printable_lines(each.text, "  "), each.shown) << each.label;
}

TEST(Printable, CountsCharactersRatherThanBytes) {
    EXPECT_EQ(width_of("Zoë"), 3U);
    EXPECT_EQ(shortened("Zoë", 3), "Zoë");
    EXPECT_EQ(shortened("Zoëlla", 4), "Zoë…");
    EXPECT_EQ(shortened("ëëëë", 2), "ë…");
}

TEST(Columns, AlignAndCutCells) {
    std::ostringstream out;
    write_columns(out, {{"HANDLER"}, {"DEAD", column::side::right}, {"LAST ERROR", column::side::left, 10}},
                  {{"crm", "12", "refused: no such host"}, {"a\nb", "3", ""}});
    EXPECT_EQ(out.str(), "HANDLER  DEAD  LAST ERROR\n"
                         "crm        12  refused: …\n"
                         "a\\nb        3  -\n");
}

TEST(Columns, ShowTitlesWhereThereAreNoRows) {
    std::ostringstream out;
    write_columns(out, {{"A"}, {"B"}}, {});
    EXPECT_EQ(out.str(), "A  B\n");
}

TEST(SpokenTime, NamesTheLargestUnitThatFits) {
    const struct {
        std::chrono::seconds span;
        const char* spoken_as;
    } cases[]{{0s, "0 s"},          {59s, "59 s"},        {60s, "1 min"},           {3599s, "59 min"},
              {3600s, "1 h"},       {3720s, "1 h 2 min"}, {86'399s, "23 h 59 min"}, {86'400s, "1 d"},
              {187'200s, "2 d 4 h"}};

    for (const auto& each : cases)
        EXPECT_EQ(spoken(each.span), each.spoken_as);
}

TEST(SpokenTime, ShowsShortSpansWithThreeFigures) {
    EXPECT_EQ(spoken_short(350us), "0.35 ms");
    EXPECT_EQ(spoken_short(12'400us), "12.4 ms");
    EXPECT_EQ(spoken_short(1'200'000us), "1.20 s");
    EXPECT_EQ(spoken_short(90s), "1 min");
}

TEST(SpokenTime, SaysHowLongAgoOrHowSoon) {
    const wall_time now = parse_timestamp("2026-11-21T08:00:00Z").value();
    EXPECT_EQ(spoken_relative(now - 3500ms, now), "3 s ago");
    EXPECT_EQ(spoken_relative(now + 5min, now), "in 5 min");
    EXPECT_EQ(spoken_relative(now, now), "0 s ago");
}

TEST(LatencySummary, TakesTheNearestRank) {
    std::vector<std::chrono::microseconds> samples;
    for (int i = 100; i >= 1; --i)
        samples.emplace_back(i);
    const latency_summary hundred = summarize(samples);
    EXPECT_EQ(hundred.min, 1us);
    EXPECT_EQ(hundred.median, 50us);
    EXPECT_EQ(hundred.p99, 99us);
    EXPECT_EQ(hundred.max, 100us);
    const latency_summary one = summarize({7us});
    EXPECT_EQ(one.min, 7us);
    EXPECT_EQ(one.median, 7us);
    EXPECT_EQ(one.p99, 7us);
    EXPECT_EQ(one.max, 7us);
    EXPECT_EQ(summarize({}).max, 0us);
}

} // namespace
} // namespace outreachd::command_line
