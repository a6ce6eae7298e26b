/// URLs taken apart.
#include "daemon/text/url.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

TEST(Url, ReadsItsParts) {
    const struct {
        const char* text;
        const char* authority;
        const char* target;
        bool is_tls;
    } cases[]{{"https://hooks.example.com", "hooks.example.com", "/", true},
              {"https://hooks.example.com:8443/a/b?c=d", "hooks.example.com:8443", "/a/b?c=d", true},
              {"http://localhost:80/", "localhost", "/", false},
              {"https://[::1]:8443/x", "[::1]:8443", "/x", true},
              {"https://[::1]", "[::1]", "/", true},
              {"https://host?q", "host", "/?q", true},
              {"https://host/@me?mail=a@b", "host", "/@me?mail=a@b", true}};

    for (const auto& each : cases) {
        const auto parsed = parse_url(each.text);
        ASSERT_TRUE(parsed) << each.text;
        EXPECT_EQ(authority_of(*parsed), each.authority);
        EXPECT_EQ(parsed->target, each.target) << each.text;
        EXPECT_EQ(parsed->is_tls, each.is_tls) << each.text;
    }
}

TEST(Url, RefusesWhatIsNone) {
    for (const char* text :
         {"", "localhost:8443", "ftp://host/", "https://", "https:///path", "https://:8443/",
          "https://host:0/", "https://host:65536/", "https://host:/", "https://host:8a/", "https://[::1",
          "https://[::1]8443/", "https://user@host/", "https://user:word@host:8443/", "https://host/a b",
          "https://host/\r\nX: y", "https://host/#part"})
        EXPECT_FALSE(parse_url(text)) << text;
}

} // namespace
} // namespace outreachd
