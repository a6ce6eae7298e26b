/// How Outreach is reached: `outreach.ca` and `outreach.proxy`.
#include "tests/servers/test_certificate.hpp"
#include "tests/unit/outreach_client/client_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;

scripted_answer answer_ok(const recorded_request&) {
    return answer_of(200, R"({"data":[]})");
}

TEST(OutreachAccess, GoesByTheConfiguredProxy) {
    scripted_server proxy{answer_ok};
    client_under_test test;
    test.configured.proxy = origin_of(proxy);
    EXPECT_TRUE(test.send(get("/tasks")).is_success());
    ASSERT_EQ(proxy.requests().size(), 1U);
    EXPECT_EQ(proxy.requests()[0].line, "GET " + test.configured.base_url + "/tasks HTTP/1.1");
    EXPECT_THAT(test.server.requests(), IsEmpty());
}

TEST(OutreachAccess, TrustsTheConfiguredCaAndNobodyElse) {
    std::signal(SIGPIPE, SIG_IGN); // as the daemon does
    const certificate_pair pair = make_certificate("IP:127.0.0.1");
    scripted_server its{answer_ok, pair};
    for (const bool is_trusted : {false, true}) {
        client_under_test test;
        test.configured.base_url = "https://127.0.0.1:" + std::to_string(its.port()) + "/api/v2";
        if (is_trusted)
            test.configured.ca = pair.certificate;
        const api_answer said = test.send(get("/tasks"));
        EXPECT_EQ(said.is_success(), is_trusted) << said.problem;
        if (!is_trusted) {
            EXPECT_EQ(said.what, api_answer::kind::unreachable);
            EXPECT_THAT(said.problem, HasSubstr("certificate"));
        }
    }
    EXPECT_EQ(its.requests().size(), 1U);
}

} // namespace
} // namespace outreachd::handlers::outreach
