#include "daemon/settings/yaml_document.hpp"

#include <gtest/gtest.h>

namespace outreachd::settings {

namespace {

std::string problem_of(const std::string& text) {
    const yaml_document document = parse_yaml(text);
    if (!document.problem)
        return "";
    const yaml_problem& found = *document.problem;
    return std::to_string(found.where.line) + ":" + std::to_string(found.where.column) + ": " + found.message;
}

TEST(YamlDocument, KeepsPlacesOrderAndRepeatedKeys) {
    const yaml_document document = parse_yaml("a: 1\nb: {c: 'x', a: null}\na:\n  - y\n");
    ASSERT_FALSE(document.problem);
    const auto& entries = document.root->entries;
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].key->text, "a");
    EXPECT_EQ(entries[0].value->where, (position{1, 4}));
    EXPECT_FALSE(entries[0].value->is_quoted);
    EXPECT_EQ(entries[1].value->where, (position{2, 4}));
    EXPECT_TRUE(entries[1].value->entries[0].value->is_quoted);
    EXPECT_EQ(entries[1].value->entries[1].value->type, yaml_node::kind::null);
    EXPECT_EQ(entries[2].key->text, "a");
    EXPECT_EQ(entries[2].value->items[0]->where, (position{4, 5}));
    EXPECT_EQ(document.root->count, 12U); // keys count
}

TEST(YamlDocument, SharesAliases) {
    const yaml_document document = parse_yaml("a: &x {b: 1}\nc: *x\n");
    ASSERT_FALSE(document.problem);
    EXPECT_EQ(document.root->entries[0].value, document.root->entries[1].value);
}

TEST(YamlDocument, TakesAByteOrderMarkAndWindowsLines) {
    const yaml_document document = parse_yaml("\xEF\xBB\xBF"
                                              "a: 1\r\nb: 2\r\n");
    ASSERT_FALSE(document.problem);
    ASSERT_EQ(document.root->entries.size(), 2U);
    EXPECT_EQ(document.root->entries[0].key->text, "a");
    EXPECT_EQ(document.root->entries[0].key->where, (position{1, 1}));
    EXPECT_EQ(document.root->entries[1].value->text, "2");
}

TEST(YamlDocument, IsNothingWithoutAValue) {
    for (const char* text : {"", "\n\n", "# only this\n", "\xEF\xBB\xBF"}) {
        const yaml_document document = parse_yaml(text);
        EXPECT_FALSE(document.problem) << text;
        EXPECT_EQ(document.root, nullptr) << text;
    }
}

TEST(YamlDocument, FindsQuotesThatAreNeverClosed) {
    const std::string message = "the quote that opens here is never closed";

    const struct {
        const char* text;
        const char* where;
    } cases[] = {
        {"a: \"x", "1:4: "},        {"a: 1\nb: \"x\nc: 1\n", "2:4: "}, {"a: 'x\n", "1:4: "},
        {"a: {b: \"x}\n", "1:8: "}, {"a: [1, 'x]", "1:8: "},           {"a: 'it''s\n\n\n", "1:4: "},
        {"\"a", "1:1: "},
    };

    for (const auto& [text, where] : cases)
        EXPECT_EQ(problem_of(text), where + message) << text;
}

/// YAML 1.2 has these in a flow, and the parser doesn't.
TEST(YamlDocument, NamesTheQuestionMarkThatTheParserDoesNotKnow) {
    const struct {
        const char* text;
        const char* where;
    } cases[] = {{"u: {url: http://x/?a=b}\n", "1:19: "}, {"a: [b?, c]\n", "1:6: "}, {"a: [?b]\n", "1:5: "}};

    for (const auto& [text, where] : cases)
        EXPECT_EQ(problem_of(text),
                  std::string{where} +
                      "not YAML: unknown token (quote text that begins with '@', '%' or '`', "
                      "and between { } or [ ] text that holds '?')");
    EXPECT_EQ(problem_of("a: b?\nc: http://x/?a=b\n"), "");
}

TEST(YamlDocument, NamesATabThatIndents) {
    const struct {
        const char* text;
        const char* where;
    } cases[] = {
        {"a:\n\tb: 1\n", "2:1: "},           {"a:\n  b: 1\n\tc: 2\n", "3:1: "},
        {"a:\n  b: 1\n  \tc: 2\n", "3:3: "}, {"a:\n  - b\n\t- c\n", "3:1: "},
        {"a: |\n\ttext\n", "2:1: "},         {"a: b\n\t# c\nd: 1\n", "2:1: "},
    };

    for (const auto& [text, where] : cases)
        EXPECT_EQ(problem_of(text), std::string{where} + "not YAML: a tab indents this line; use spaces")
            << text;
    EXPECT_EQ(problem_of("a: [\n\t1,\n\t2]\nb:\t3\n"), "") << "these are allowed";
    EXPECT_EQ(problem_of("a: [\n\tb?]\n").find("a tab"), std::string::npos);
}

TEST(YamlDocument, RefusesMergeKeysAndGoesOn) {
    const yaml_document document = parse_yaml("a: &a {b: 1}\nc:\n  <<: *a\n  d: 2\n  '<<': 3\n");
    ASSERT_FALSE(document.problem);
    ASSERT_EQ(document.refused.size(), 1U);
    EXPECT_EQ(document.refused[0].where, (position{3, 3}));
    EXPECT_EQ(document.refused[0].message,
              "merge keys ('<<') aren't understood here; write out what they would bring");
    EXPECT_EQ(document.root->entries[1].value->entries.size(), 2U);
}

TEST(YamlDocument, GoesOnBehindTags) {
    const yaml_document document = parse_yaml("a: !x 1\nb: !y [1, !!int 2]\nc: !!str 3\n");
    ASSERT_FALSE(document.problem);
    ASSERT_EQ(document.refused.size(), 3U);
    EXPECT_EQ(document.refused[0].where, (position{1, 4}));
    EXPECT_EQ(document.refused[1].where, (position{2, 4}));
    EXPECT_EQ(document.refused[2].where, (position{2, 11}));
    const auto& entries = document.root->entries;
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].value->text, "1");
    EXPECT_FALSE(entries[0].value->is_quoted);
    EXPECT_EQ(entries[1].value->items.size(), 2U);
    EXPECT_TRUE(entries[2].value->is_quoted);
    const yaml_document broken = parse_yaml("a: !x 1\nb: ]\n");
    EXPECT_TRUE(broken.problem);
    EXPECT_EQ(broken.refused.size(), 1U);
}

TEST(YamlDocument, LimitsTheDepth) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(problem_of(nested(yaml_depth_max)), "");
    EXPECT_EQ(problem_of(nested(yaml_depth_max + 1)), "1:65: values are nested more than 64 deep");
    EXPECT_NE(problem_of(nested(100'000)), "");
}

TEST(YamlDocument, LimitsTheDepthThatAliasesMake) {
    const std::string half = std::string(32, '[') + std::string(32, ']');
    const std::string inner = "a: &a " + half + "\n";
    EXPECT_EQ(problem_of(inner + "b: " + std::string(31, '[') + "*a" + std::string(31, ']') + "\n"), "");
    EXPECT_EQ(problem_of(inner + "b: " + std::string(32, '[') + "*a" + std::string(32, ']') + "\n"),
              "2:36: values are nested more than 64 deep");
}

TEST(YamlDocument, LimitsTheValuesThatAliasesMake) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int level = 1; level < 30; ++level) {
        const std::string below = "*a" + std::to_string(level - 1);
        text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
        for (int use = 1; use < 10; ++use)
            text += ", " + below;
        text += "]\n";
    }
    EXPECT_NE(problem_of(text).find("more than 100000 values with every alias written out"),
              std::string::npos);
}

TEST(YamlDocument, LimitsTheValuesWithoutAliases) {
    const auto list = [](std::size_t items) {
        std::string text = "[x";
        for (std::size_t item = 1; item < items; ++item)
            text += ",x";
        return text + "]";
    };
    EXPECT_EQ(problem_of(list(yaml_count_max - 1)), ""); // and the list itself
    EXPECT_EQ(problem_of(list(yaml_count_max)),
              "1:200000: more than 100000 values with every alias written out");
}

TEST(YamlDocument, LimitsTheSize) {
    std::string text = "a: 1\n#";
    text.resize(yaml_bytes_max, 'x');
    EXPECT_EQ(problem_of(text), "");
    text += 'x';
    EXPECT_EQ(problem_of(text), "0:0: the file is over 1048576 bytes");
}

TEST(YamlDocument, RefusesOtherEncodings) {
    EXPECT_EQ(problem_of({"a\0:\0 \0"
                          "1\0",
                          8}),
              "1:2: a control character (0x00) can't stand in YAML; write it as an escape");
    EXPECT_EQ(problem_of("\xFF\xFE"
                         "a"),
              "1:1: this byte isn't UTF-8; save the file as UTF-8");
    EXPECT_EQ(problem_of("a: 1\nb: \xE9\n"), "2:4: this byte isn't UTF-8; save the file as UTF-8");
}

} // namespace

} // namespace outreachd::settings
