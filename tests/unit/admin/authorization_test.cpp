/// Who may ask for what: names of ours, and the token.
#include "daemon/admin/authorization.hpp"

#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

request asking(std::string target, std::vector<std::string> hosts,
               std::vector<std::string> authorizations = {}) {
    return {"GET", std::move(target), std::move(hosts), std::move(authorizations), "", "10.1.2.3"};
}

unsigned judged_status(const authorization& checked, const request& asked) {
    const auto refused = checked.refuse(asked);
    return refused ? refused->status : 200;
}

TEST(HostName, IsReadWithoutPort) {
    struct {
        const char* header;
        const char* name;
    } const cases[] = {
        {"localhost", "localhost"},
        {"LocalHost:9464", "localhost"},
        {"localhost.", "localhost"},
        {"127.0.0.1:80", "127.0.0.1"},
        {"[::1]", "::1"},
        {"[::1]:9464", "::1"},
        {"[FE80::1]", "fe80::1"},
        {"a:", "a"}, // RFC 3986: a port may be empty.
        {"", ""},
        {"[::1", ""},
        {"[::1]x", ""},
        {"a:b", ""},
        {"a:1:2", ""},
        {"a:123456", ""},
        {"::1", ""},
    };

    for (const auto& each : cases)
        EXPECT_EQ(host_name(each.header), each.name) << each.header;
}

TEST(Authorization, ApiTakesOnlyOurHosts) {
    const authorization checked{"10.9.8.7", {"admin.example.com"}, secret{}};

    struct {
        const char* host;
        unsigned status;
    } const cases[] = {
        {"localhost", 200},
        {"localhost:9464", 200},
        {"127.0.0.1:9464", 200},
        {"127.8.9.10", 200},
        {"[::1]:9464", 200},
        {"10.9.8.7:9464", 200},
        {"10.1.2.3:9464", 200}, // Where the connection came in.
        {"admin.example.com", 200},
        {"ADMIN.example.COM:443", 200},
        {"", 403},
        {"evil.example.com", 403},
        {"admin.example.com.evil.net", 403},
        {"localhost.evil.net", 403},
        {"127.0.0.1.evil.net", 403},
        {"10.9.8.8", 403},
        {"admin.example.com@evil.net", 403},
    };

    for (const auto& each : cases) {
        EXPECT_EQ(judged_status(checked, asking("/api/status", {each.host})), each.status) << each.host;
        EXPECT_EQ(judged_status(checked, asking("/", {each.host})), each.status) << each.host;
    }
}

TEST(Authorization, HostMustStandThereOnce) {
    const authorization checked{"127.0.0.1", {}, secret{}};
    EXPECT_EQ(judged_status(checked, asking("/api/status", {})), 403U);
    EXPECT_EQ(judged_status(checked, asking("/api/status", {"localhost", "localhost"})), 403U);
}

TEST(Authorization, ProbesAndMetricsTakeAnyHost) {
    const authorization checked{"127.0.0.1", {}, secret{}};
    for (const char* const path : {"/livez", "/readyz", "/metrics"})
        EXPECT_EQ(judged_status(checked, asking(path, {"outreachd.monitoring.svc"})), 200U) << path;
}

TEST(Authorization, TokenGuardsApiAndMetrics) {
    const authorization checked{"127.0.0.1", {}, secret{"tok-en"}};

    struct {
        const char* label;
        std::vector<std::string> given;
        bool is_taken;
    } const cases[] = {
        {"right", {"Bearer tok-en"}, true},
        {"scheme in other case", {"bEARER tok-en"}, true},
        {"none", {}, false},
        {"empty", {""}, false},
        {"scheme alone", {"Bearer"}, false},
        {"scheme and space", {"Bearer "}, false},
        {"other case", {"Bearer TOK-EN"}, false},
        {"one byte less", {"Bearer tok-e"}, false},
        {"one byte more", {"Bearer tok-en1"}, false},
        {"other scheme", {"Basic tok-en"}, false},
        {"no scheme", {"tok-en"}, false},
        {"twice", {"Bearer tok-en", "Bearer tok-en"}, false},
    };

    for (const auto& each : cases) {
        for (const char* const path :
             {"/api", "/api/status", "/api/events?limit=1", "/metrics", "/api/none"}) {
            const auto refused = checked.refuse(asking(path, {"localhost"}, each.given));
            EXPECT_EQ(!refused, each.is_taken) << each.label << ' ' << path;
            if (refused) {
                EXPECT_EQ(refused->status, 401U);
                ASSERT_EQ(refused->headers.size(), 1U);
                EXPECT_EQ(refused->headers[0].first, "WWW-Authenticate");
                EXPECT_EQ(refused->body.find("tok-en"), std::string::npos);
            }
        }
        EXPECT_EQ(checked.has_token(asking("/readyz", {"localhost"}, each.given)), each.is_taken)
            << each.label;
        for (const char* const path : {"/livez", "/readyz", "/"})
            EXPECT_FALSE(checked.refuse(asking(path, {"localhost"}, each.given)))
                << each.label << ' ' << path;
    }
}

TEST(Authorization, HostIsCheckedBeforeToken) {
    const authorization checked{"127.0.0.1", {}, secret{"tok-en"}};
    EXPECT_EQ(judged_status(checked, asking("/api/status", {"evil.example.com"}, {"Bearer tok-en"})), 403U);
}

TEST(Authorization, NothingIsNeededWithoutToken) {
    const authorization checked{"127.0.0.1", {}, secret{}};
    EXPECT_TRUE(checked.has_token(asking("/api/status", {"localhost"})));
    EXPECT_EQ(judged_status(checked, asking("/metrics", {"localhost"})), 200U);
}

TEST(Authorization, OnlyWholePathSegmentsCount) {
    const authorization checked{"127.0.0.1", {}, secret{"tok-en"}};
    // These lead nowhere, so they need nothing.
    for (const char* const path : {"/apis", "/metricsx", "//api/status", "/API/status", "/%61pi/status"})
        EXPECT_EQ(judged_status(checked, asking(path, {"evil.example.com"})), 200U) << path;
}

} // namespace
} // namespace outreachd::admin
