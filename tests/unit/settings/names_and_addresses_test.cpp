/// Small judgements about text: nearest names, IP addresses, UTF-8, quoting.
#include "daemon/settings/findings.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/settings/utf8_check.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace outreachd::settings {

namespace {

constexpr std::string_view known[] = {"address", "port", "tls", "plaintext", "limits"};

TEST(NearestName, IsTheOneWithTheFewestDifferences) {
    const struct {
        const char* typed;
        std::optional<std::string_view> nearest;
    } cases[] = {
        {"adress", "address"},
        {"addresss", "address"},
        {"Address", "address"},
        {"addrses", "address"},
        {"prot", "port"},
        {"ports", "port"},
        {"tsl", "tls"},
        {"plain_text", "plaintext"},
        {"limit", "limits"},
        {"colour", std::nullopt},
        {"x", std::nullopt},
        {"", std::nullopt},
        {"certificate", std::nullopt},
    };

    for (const auto& [typed, nearest] : cases)
        EXPECT_EQ(nearest_name(typed, known), nearest) << typed;
}

TEST(NearestName, ComparesLongNamesByTheirBeginning) {
    const std::string typed(100'000, 'a');
    const std::string name(70, 'a');
    const std::string_view names[] = {name};
    EXPECT_EQ(nearest_name(typed, names), name);
}

TEST(NearestName, IsNotLookedForAmongThousands) {
    EXPECT_EQ(nearest_name("prot", std::vector<std::string_view>(1000, "port")), "port");
    EXPECT_EQ(nearest_name("prot", std::vector<std::string_view>(1001, "port")), std::nullopt);
}

TEST(NearestName, IsSuggestedOrElseAllAreListed) {
    EXPECT_EQ(suggestion("prot", known), "; did you mean 'port'?");
    EXPECT_EQ(suggestion("colour", known), "; known are address, port, tls, plaintext, limits");
    EXPECT_EQ(suggestion("colour", {}), "");
    const std::vector<std::string_view> many(21, "port");
    EXPECT_EQ(suggestion("colour", many), "");
}

TEST(IpAddress, IsToldFromNamesAndMistakes) {
    for (const char* text :
         {"127.0.0.1", "0.0.0.0", "::", "::1", "::ffff:10.0.0.1", "2001:db8::1", "fe80::1%eth0"})
        EXPECT_TRUE(is_ip_address(text)) << text;
    for (const char* text : {"", "localhost", "127.0.0.256", "127.1", "[::1]", "127.0.0.1:80", "::1%", " ::1",
                             "127.0.0.1%eth0", "1::2::3"})
        EXPECT_FALSE(is_ip_address(text)) << text;
}

TEST(IpAddress, KnowsLoopbackAndAnyAddress) {
    for (const char* text : {"127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(is_loopback(text)) << text;
    for (const char* text :
         {"128.0.0.1", "126.255.255.255", "::", "0.0.0.0", "::2", "localhost", "::127.0.0.1"})
        EXPECT_FALSE(is_loopback(text)) << text;
    for (const char* text : {"::", "0.0.0.0", "::ffff:0.0.0.0", "0::0"})
        EXPECT_TRUE(is_any_address(text)) << text;
    for (const char* text : {"::1", "127.0.0.1", "0.0.0.1", "any"})
        EXPECT_FALSE(is_any_address(text)) << text;
}

TEST(HostName, MayBeThisMachines) {
    for (const char* text : {"localhost", "127.0.0.1", "::1"})
        EXPECT_TRUE(is_loopback_host(text)) << text;
    for (const char* text : {"", "localhost.example.com", "rabbit", "10.0.0.1"})
        EXPECT_FALSE(is_loopback_host(text)) << text;
}

TEST(Utf8, FindsTheFirstByteThatIsNone) {
    const struct {
        const char* label;
        std::string_view text;
        std::optional<std::size_t> at;
    } cases[] = {
        {"empty", "", std::nullopt},
        {"two, three and four bytes", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", std::nullopt},
        {"least and most of each length",
         "\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", std::nullopt},
        {"around the surrogates", "\xED\x9F\xBF\xEE\x80\x80", std::nullopt},
        {"Latin-1", "caf\xE9 x", 3},
        {"cut short", "a\xE2\x82", 1},
        {"continuation alone", "a\x80", 1},
        {"overlong slash", "\xC0\xAF", 0},
        {"overlong three", "\xE0\x9F\xBF", 0},
        {"overlong four", "\xF0\x8F\xBF\xBF", 0},
        {"surrogate", "\xED\xA0\x80", 0},
        {"above U+10FFFF", "\xF4\x90\x80\x80", 0},
        {"five bytes", "\xF8\x88\x80\x80\x80", 0},
        {"third byte wrong", "\xE2\x82 ", 0},
    };

    for (const auto& [label, text, at] : cases)
        EXPECT_EQ(find_invalid_utf8(text), at) << label;
}

TEST(Utf8, FindsControlCharacters) {
    EXPECT_EQ(find_control_character("a\tb\r\n", true), std::nullopt);
    EXPECT_EQ(find_control_character("a\tb", false), 1U);
    EXPECT_EQ(find_control_character(std::string_view{"a\0b", 3}, true), 1U);
    EXPECT_EQ(find_control_character("ab\x7F", true), 2U);
    EXPECT_EQ(find_control_character("\xC3\xA9", false), std::nullopt);
}

TEST(Quoted, EscapesAndCutsAtACharacter) {
    EXPECT_EQ(in_quotes("a b"), "'a b'");
    EXPECT_EQ(in_quotes("a\n\x1B[31m"), "'a\\x0A\\x1B[31m'");
    EXPECT_EQ(in_quotes(std::string(60, 'x')), "'" + std::string(60, 'x') + "'");
    EXPECT_EQ(in_quotes(std::string(61, 'x')), "'" + std::string(60, 'x') + "…'");
    EXPECT_EQ(in_quotes(std::string(59, 'x') + "€€"), "'" + std::string(59, 'x') + "€…'");
}

TEST(Findings, AreSortedAndSaidOnce) {
    findings found;
    found.error("b", {2, 1}, "second");
    found.error("a", {1, 9}, "first");
    found.error("b", {2, 1}, "second");
    const auto errors = found.errors();
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0].message, "a: first");
    EXPECT_EQ(errors[1].message, "b: second");
}

TEST(Findings, KnowPlacesAndSoundness) {
    findings found;
    found.place("", {1, 1});
    found.place("listen", {2, 3});
    found.place("endpoints[0]", {7, 5});
    EXPECT_EQ(found.where("listen.tls.certificate"), (position{2, 3}));
    EXPECT_EQ(found.where("endpoints[0].path"), (position{7, 5}));
    EXPECT_EQ(found.where("endpoints[1].path"), (position{1, 1}));
    found.error("listen.tls.certificate", {3, 1}, "wrong");
    found.error("hosts[0]", {4, 1}, "wrong");
    EXPECT_FALSE(found.is_sound("listen.tls"));
    EXPECT_FALSE(found.is_sound("listen"));
    EXPECT_FALSE(found.is_sound("hosts"));
    EXPECT_TRUE(found.is_sound("listen.tl"));
    EXPECT_TRUE(found.is_sound("listen.tls.private_key"));
}

} // namespace

} // namespace outreachd::settings
