/// Where expressions stand in a URL.
#include "daemon/text/url_template.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

TEST(UrlTemplate, KnowsWhereItsExpressionsStand) {
    const struct {
        const char* text;
        const char* blanked;
        bool has_any;
        bool is_whole;
        bool is_in_host;
    } cases[]{
        {"https://host/a", "https://host/a", false, false, false},
        {"https://host/${{ .id }}", "https://host/1", true, false, false},
        {"https://host?q=${{ .a }}&r=${{ .b }}", "https://host?q=1&r=1", true, false, false},
        {"https://host/#${{ .a }}", "https://host/#1", true, false, false},
        {"https://${{ .a }}.example.com/x", "https://1.example.com/x", true, false, true},
        {"https://example.com${{ .a }}/x", "https://example.com1/x", true, false, true},
        {"https://example.com:${{ .a }}/x", "https://example.com:1/x", true, false, true},
        {"https://user${{ .a }}@host/x", "https://user1@host/x", true, false, true},
        {"${{ .a }}://host/x", "1://host/x", true, false, true},
        {"${{ .a }}/x", "1/x", true, false, true},
        {"${{ .a }}", "1", true, true, true},
        {"${{ .a }}${{ .b }}", "11", true, false, true},
        {"${{ {a: \"}}\"}.a }}", "1", true, true, true},
        {"https://host/${{ \"/?#\" }}/b", "https://host/1/b", true, false, false},
        {"https://host/${{ .a", "https://host/${{ .a", false, false, false},
        {"", "", false, false, false},
    };

    for (const auto& each : cases) {
        const url_template read = read_url_template(each.text);
        EXPECT_EQ(read.blanked, each.blanked) << each.text;
        EXPECT_EQ(read.has_expression, each.has_any) << each.text;
        EXPECT_EQ(read.is_whole_expression, each.is_whole) << each.text;
        EXPECT_EQ(read.has_host_expression, each.is_in_host) << each.text;
    }
}

} // namespace
} // namespace outreachd
