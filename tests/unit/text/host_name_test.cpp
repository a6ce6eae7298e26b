/// Host names, and what patterns of them stand for.
#include "daemon/text/host_name.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

TEST(HostName, IsANameOrAnAddressAlone) {
    for (const char* text : {"example.com", "a", "my_host-1", "xn--mnchen-3ya.de", "127.0.0.1", "::1",
                             "[::1]", "fe80::1", "::ffff:10.0.0.1", "host."})
        EXPECT_TRUE(is_host_name(text)) << text;
    for (const char* text : {"", ".", ".example.com", "a..b", "host:80", "[::1]:80", "http://host", "host/",
                             "a b", "münchen.de", "user@host", "a%2fb", "*.example.com", "host\n", "[host]"})
        EXPECT_FALSE(is_host_name(text)) << text;
}

TEST(HostName, IsAPatternToo) {
    for (const char* text : {"example.com", "*.example.com", "10.0.0.1"})
        EXPECT_TRUE(is_host_pattern(text)) << text;
    for (const char* text : {"", "*", "*.", "*.*.com", "a*.com", "**.com", "*example.com"})
        EXPECT_FALSE(is_host_pattern(text)) << text;
}

TEST(HostName, MatchesWhateverTheCase) {
    EXPECT_TRUE(matches_host("Example.com", "eXAMPLE.COM"));
    EXPECT_TRUE(matches_host("*.example.com", "eu.Example.com"));
    EXPECT_TRUE(matches_host("*.example.com", "a.b.example.com"));
    EXPECT_TRUE(matches_host("[::1]", "::1"));
    EXPECT_TRUE(matches_host("::1", "[::1]"));
    EXPECT_TRUE(matches_host("2001:db8:0:0::1", "2001:DB8::1"));
    EXPECT_FALSE(matches_host("2001:db8::2", "2001:db8::1"));
}

TEST(HostName, MatchesNothingThatOnlyLooksAlike) {
    EXPECT_FALSE(matches_host("example.com", "eu.example.com"));
    EXPECT_FALSE(matches_host("example.com", "example.com.evil.com"));
    EXPECT_FALSE(matches_host("example.com", "evilexample.com"));
    EXPECT_FALSE(matches_host("example.com", ""));
    EXPECT_FALSE(matches_host("*.example.com", "example.com"));
    EXPECT_FALSE(matches_host("*.example.com", ".example.com"));
    EXPECT_FALSE(matches_host("*.example.com", "evilexample.com"));
    EXPECT_FALSE(matches_host("*.example.com", "eu.example.com.evil.com"));
}

} // namespace
} // namespace outreachd
