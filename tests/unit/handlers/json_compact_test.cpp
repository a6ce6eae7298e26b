/// JSON on one line: what is taken out, what stays, what is no JSON.
#include "handlers/json_compact.hpp"

#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

struct compact_case {
    const char* label;
    std::string text;
    std::string compact;
};

TEST(JsonCompact, DropsOnlySpaceBetweenTokens) {
    const compact_case cases[] = {
        {"compact already", R"({"a":1,"b":[true,null]})", R"({"a":1,"b":[true,null]})"},
        {"every kind of space", " {\t\"a\" :\r\n [ 1 , 2 ] } \n", R"({"a":[1,2]})"},
        {"space inside a string", R"({ "a b" : " c  d " })", R"({"a b":" c  d "})"},
        {"escaped quote", R"({ "a" : "x\" , \"y" })", R"({"a":"x\" , \"y"})"},
        {"backslash before the end", R"({ "a" : "x\\" , "b" : " " })", R"({"a":"x\\","b":" "})"},
        {"escapes stay as they were", R"([ "\u00e9\/\n é" ])", R"(["\u00e9\/\n é"])"},
        {"30 digits", "[ 123456789012345678901234567890 ]", "[123456789012345678901234567890]"},
        {"exponent and zeros", "[ 1.50E+02 , -0.0 ]", "[1.50E+02,-0.0]"},
        {"number too large for a double", "[ 1e400 ]", "[1e400]"},
        {"order and repeats of keys", R"({ "b":1, "a":2, "b":3 })", R"({"b":1,"a":2,"b":3})"},
        {"a bare string", " \"a b\" ", "\"a b\""},
        {"a bare number", " 7 ", "7"},
        {"nothing in it", " { } ", "{}"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.label);
        EXPECT_EQ(json_compact(one.text).value_or("(refused)"), one.compact);
    }
}

TEST(JsonCompact, RefusesWhatIsNotJson) {
    const std::pair<const char*, std::string> cases[] = {
        {"empty", ""},
        {"space alone", "  \n"},
        {"text", "hello"},
        {"cut short", R"({"a":1)"},
        {"cut in a string", R"({"a)"},
        {"two values", "{} {}"},
        {"trailing comma", "[1,]"},
        {"comment", "[1] // one"},
        {"single quotes", "{'a':1}"},
        {"line break in a string", "[\"a\nb\"]"},
        {"unknown escape", R"(["\x"])"},
        {"not UTF-8", "[\"\xff\"]"},
        {"byte order mark", "\xef\xbb\xbf{}"},
        {"zero byte", std::string("{}\0", 3)},
        {"a number with a leading zero", "[01]"},
        {"deeper than the bound", std::string(513, '[') + std::string(513, ']')},
    };
    for (const auto& [label, text] : cases) {
        SCOPED_TRACE(label);
        EXPECT_FALSE(json_compact(text));
    }
}

TEST(JsonCompact, TakesNestingUpToTheBound) {
    const std::string deep = std::string(512, '[') + std::string(512, ']');
    EXPECT_EQ(json_compact(deep), deep);
}

} // namespace
} // namespace outreachd::handlers
