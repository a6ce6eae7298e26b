/// JSON that is valid whatever the strings hold.
#include "daemon/admin/json_writer.hpp"
#include "daemon/text/utf8.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <limits>

namespace outreachd::admin {
namespace {

using namespace std::string_literals;

std::string text_of(const std::string& value) {
    json_writer json;
    json.value(value);
    return std::move(json).take();
}

TEST(JsonWriter, WritesNestedValues) {
    json_writer json;
    json.begin_object();
    json.member("a", "x");
    json.key("b");
    json.begin_array();
    json.value(1U);
    json.begin_object();
    json.end_object();
    json.begin_array();
    json.end_array();
    json.null();
    json.end_array();
    json.member("c", true);
    json.member_or_null("d", "");
    json.member_or_null("e", "y");
    json.member("f", std::vector<std::string>{"p", "q"});
    json.time_or_null("g", std::nullopt);
    json.time_or_null("h", parse_timestamp("2026-11-21T08:22:55.123Z"));
    json.end_object();
    EXPECT_EQ(std::move(json).take(),
              R"({"a":"x","b":[1,{},[],null],"c":true,"d":null,"e":"y","f":["p","q"],)"
              R"("g":null,"h":"2026-11-21T08:22:55.123Z"})");
}

TEST(JsonWriter, WritesNumbers) {
    json_writer json;
    json.begin_array();
    json.value(std::numeric_limits<std::uint64_t>::max());
    json.value(0.25);
    json.value(12.0);
    json.value(1.0000004999);
    json.value(std::numeric_limits<double>::quiet_NaN());
    json.value(std::numeric_limits<double>::infinity());
    json.end_array();
    EXPECT_EQ(std::move(json).take(), "[18446744073709551615,0.25,12,1,null,null]");
}

TEST(JsonWriter, EscapesStrings) {
    EXPECT_EQ(text_of("a\"b\\c\nd\x01\x7f"s + "\0"s), R"("a\"b\\c\nd\u0001\u007f\u0000")");
    EXPECT_EQ(text_of("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    EXPECT_EQ(text_of("a\xff\xc3"), R"("a\ufffd\ufffd")");
}

TEST(JsonWriter, EveryPairOfBytesGivesValidJson) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
            boost::system::error_code ec;
            const auto parsed = boost::json::parse(text_of(bytes), ec);
            ASSERT_FALSE(ec) << first << ' ' << second;
            if (is_utf8(bytes)) {
                ASSERT_EQ(parsed.as_string(), bytes) << first << ' ' << second;
            }
        }
    }
}

} // namespace
} // namespace outreachd::admin
