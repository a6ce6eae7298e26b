/// YAML's scalars as JSON's values.
#include "daemon/settings/json_value.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

TEST(JsonValue, IsWhatTheCoreSchemaSays) {
    const struct {
        const char* yaml;
        const char* json;
    } cases[] = {
        {"null", "null"},
        {"~", "null"},
        {"", "null"},
        {"true", "true"},
        {"False", "false"},
        {"0", "0"},
        {"-0", "-0"},
        {"7", "7"},
        {"+7", "7"},
        {"-7", "-7"},
        {"007", "7"},
        {"1.10", "1.10"},
        {".5", "0.5"},
        {"5.", "5"},
        {"-.5", "-0.5"},
        {"1e3", "1e3"},
        {"1E+3", "1e+3"},
        {"1.5e-03", "1.5e-03"},
        {"0o17", "15"},
        {"0xFF", "255"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
    };

    for (const auto& [yaml, json] : cases)
        EXPECT_EQ(plain_scalar_to_json(yaml), json) << yaml;
}

TEST(JsonValue, IsAStringElse) {
    for (const char* yaml :
         {"yes", "no",  "on",   "nULL", "tRUE", "1_000",      "1,5",   "1.2.3",
          "1e",  "e3",  ".",    "+",    "-",    "--1",        "0b1",   "0x",
          "0xG", "0o8", ".inf", ".nan", "1 2",  "2026-11-21", "12:30", "0xFFFFFFFFFFFFFFFFF"})
        EXPECT_EQ(plain_scalar_to_json(yaml), std::nullopt) << yaml;
}

} // namespace

} // namespace outreachd::settings::test
