/// Times as Outreach writes them (contract 1.7, 1.19), and as we do.
#include "daemon/event/timestamp.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

struct timestamp_case {
    const char* text;
    const char* utc;
};

TEST(Timestamp, ReadsEveryFormThatOutreachWrites) {
    for (const auto& [text, utc] : {
             timestamp_case{"2017-01-01T00:00:01", "2017-01-01T00:00:01.000Z"},
             {"2019-10-02T10:00:08.612+00:00", "2019-10-02T10:00:08.612Z"},
             {"2025-11-04T01:40:36.500-08:00", "2025-11-04T09:40:36.500Z"},
             {"2026-07-01T12:00:00.123456Z", "2026-07-01T12:00:00.123Z"},
             {"2025-11-04T09:40:36.000Z", "2025-11-04T09:40:36.000Z"},
             {"2026-05-01T08:00:10Z", "2026-05-01T08:00:10.000Z"},
             {"2026-05-01T08:00:10.1+05:30", "2026-05-01T02:30:10.100Z"},
             {"2026-05-01T08:00:10.123456789Z", "2026-05-01T08:00:10.123Z"},
             {"2026-05-01T08:00:10+0530", "2026-05-01T02:30:10.000Z"},
             {"2026-05-01t08:00:10z", "2026-05-01T08:00:10.000Z"},
             {"2026-05-01 08:00:10", "2026-05-01T08:00:10.000Z"},
             {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00.000Z"},
             {"2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000Z"},
             {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
         }) {
        const auto time = parse_timestamp(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(to_rfc3339(*time), utc) << text;
    }
}

TEST(Timestamp, KeepsMicroseconds) {
    const auto time = parse_timestamp("1970-01-01T00:00:01.000002Z");
    ASSERT_TRUE(time);
    EXPECT_EQ(time->time_since_epoch().count(), 1'000'002);
}

TEST(Timestamp, RefusesEverythingElse) {
    for (const char* text : {
             "",
             "now",
             "1701880061",
             "2026-05-01",
             "2026-05-01T",
             "2026-05-01T08:00",
             "2026-05-01T08:00:10.",
             "2026-05-01T08:00:10.Z",
             "2026-05-01T08:00:10.1234567890Z",
             "2026-05-01T08:00:10Z ",
             " 2026-05-01T08:00:10Z",
             "2026-05-01T08:00:10ZZ",
             "2026-05-01T08:00:10+5:30",
             "2026-05-01T08:00:10+24:00",
             "2026-05-01T08:00:10+00:60",
             "2026-05-01T08:00:10-",
             "2026-05-01T24:00:00Z",
             "2026-05-01T08:60:00Z",
             "2026-05-01T08:00:61Z",
             "2026-13-01T08:00:00Z",
             "2026-00-01T08:00:00Z",
             "2026-02-29T08:00:00Z",
             "2026-04-31T08:00:00Z",
             "26-05-01T08:00:10Z",
             "+2026-05-01T08:00:10Z",
             "2026/05/01T08:00:10Z",
             "2026-05-01T08.00.10Z",
             "2026-05-01T08:00:1\xD9\xA0",
         })
        EXPECT_FALSE(parse_timestamp(text)) << text;
}

TEST(Timestamp, ReadsWhatItWrites) {
    const wall_time time{std::chrono::milliseconds{1'795'249'375'123}};
    EXPECT_EQ(parse_timestamp(to_rfc3339(time)), time);
    EXPECT_EQ(to_rfc3339(wall_time{}), "1970-01-01T00:00:00.000Z");
}

} // namespace
} // namespace outreachd
