#include "daemon/settings/units.hpp"

#include <gtest/gtest.h>

namespace outreachd::settings {

namespace {

using namespace std::chrono_literals;

constexpr const char* duration_form = "a duration is a whole number and ms, s, m, h or d, as in 250ms";
constexpr const char* size_form = "a size is a whole number and B, KiB, MiB or GiB, as in 64KiB";

TEST(Durations, ReadEachUnit) {
    const struct {
        const char* text;
        duration value;
    } cases[] = {
        {"250ms", 250ms},
        {"5s", 5s},
        {"10m", 10min},
        {"24h", 24h},
        {"7d", 7 * 24h},
        {"0s", 0ms},
        {"1ms", 1ms},
        {"60s", 60s},
        {"36500d", duration_max},
        {"3153600000000ms", duration_max},
    };

    for (const auto& [text, value] : cases)
        EXPECT_EQ(std::get<duration>(parse_duration(text)), value) << text;
}

TEST(Durations, RefuseEverythingElse) {
    const std::string missing = std::string{"the unit is missing; "} + duration_form;

    const struct {
        const char* text;
        std::string reason;
    } cases[] = {
        {"", duration_form},
        {"s", duration_form},
        {"5", missing},
        {"0", missing},
        {"-5s", duration_form},
        {"+5s", duration_form},
        {" 5s", duration_form},
        {"5s ", duration_form},
        {"5 s", duration_form},
        {"1.5h", duration_form},
        {"1h30m", duration_form},
        {"5S", duration_form},
        {"5sec", duration_form},
        {"5us", duration_form},
        {"05s", duration_form},
        {"5w", duration_form},
        {"1e3s", duration_form},
        {"0x5s", duration_form},
        {"36501d", "too large"},
        {"876001h", "too large"},
        {"3153600000001ms", "too large"},
        {"18446744073709551615d", "too large"}, // 2^64 - 1
        {"18446744073709551616ms", "too large"},
        {"99999999999999999999999s", "too large"},
    };

    for (const auto& [text, reason] : cases) {
        const auto parsed = parse_duration(text);
        ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << text;
        EXPECT_EQ(std::get<std::string>(parsed), reason) << text;
    }
}

TEST(Sizes, ReadEachUnit) {
    const struct {
        const char* text;
        std::uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"0B", 0},
        {"512B", 512},
        {"64KiB", 65'536},
        {"4MiB", 4'194'304},
        {"10GiB", 10'737'418'240},
        {"9223372036854775807B", size_bytes_max},
        {"8589934591GiB", 8'589'934'591ULL << 30U},
    };

    for (const auto& [text, bytes] : cases)
        EXPECT_EQ(std::get<std::uint64_t>(parse_size(text)), bytes) << text;
}

TEST(Sizes, RefuseEverythingElse) {
    const std::string missing = std::string{"the unit is missing; "} + size_form;

    const struct {
        const char* text;
        std::string reason;
    } cases[] = {
        {"", size_form},
        {"KiB", size_form},
        {"5", missing},
        {"00", size_form},
        {"-5B", size_form},
        {"5 B", size_form},
        {"16KB", size_form},
        {"16K", size_form},
        {"16kib", size_form},
        {"1.5MiB", size_form},
        {"1TiB", size_form},
        {"5BB", size_form},
        {"9223372036854775808B", "too large"},
        {"8589934592GiB", "too large"},
        {"18446744073709551616B", "too large"},
        {"18446744073709551615GiB", "too large"},
    };

    for (const auto& [text, reason] : cases) {
        const auto parsed = parse_size(text);
        ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << text;
        EXPECT_EQ(std::get<std::string>(parsed), reason) << text;
    }
}

TEST(Units, AreWrittenAsShortAsTheyCanBeRead) {
    EXPECT_EQ(to_text(0ms), "0ms");
    EXPECT_EQ(to_text(1ms), "1ms");
    EXPECT_EQ(to_text(1500ms), "1500ms");
    EXPECT_EQ(to_text(90s), "90s");
    EXPECT_EQ(to_text(15min), "15m");
    EXPECT_EQ(to_text(48h), "2d");
    EXPECT_EQ(size_to_text(0), "0");
    EXPECT_EQ(size_to_text(1023), "1023B");
    EXPECT_EQ(size_to_text(1536), "1536B");
    EXPECT_EQ(size_to_text(512ULL << 20U), "512MiB");
}

} // namespace

} // namespace outreachd::settings
