#include "daemon/ingress/response.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Sat, 21 Nov 2026 08:22:55 UTC
constexpr wall_time now{std::chrono::seconds{1'795'249'375}};

TEST(Response, HasTheStatusAndLabelOfTheTable) {
    struct example {
        request_outcome outcome;
        int status;
        std::string_view label;
        bool must_close;
    };

    constexpr example examples[] = {
        {request_outcome::accepted, 200, "accepted", false},
        {request_outcome::repeat, 200, "repeat", false},
        {request_outcome::unsigned_request, 401, "unsigned", false},
        {request_outcome::bad_signature, 401, "bad_signature", false},
        {request_outcome::not_found, 404, "not_found", false},
        {request_outcome::bad_method, 405, "bad_method", false},
        {request_outcome::body_too_large, 413, "too_large", false},
        {request_outcome::head_too_large, 431, "too_large", true},
        {request_outcome::malformed, 400, "malformed", true},
        {request_outcome::reset, 0, "reset", true},
    };
    for (const example& one : examples) {
        SCOPED_TRACE(one.label);
        EXPECT_EQ(to_status(one.outcome), one.status);
        EXPECT_EQ(to_label(one.outcome), one.label);
        EXPECT_EQ(must_close(one.outcome), one.must_close);
        if (one.status == 0)
            continue;
        const std::string text = to_response(one.outcome, connection_option::unsaid, now);
        EXPECT_THAT(text, StartsWith("HTTP/1.1 " + std::to_string(one.status) + " "));
        EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 0\r\n"));
        EXPECT_TRUE(text.ends_with("\r\n\r\n"));
    }
}

TEST(Response, IsWhollyThis) {
    EXPECT_EQ(to_response(request_outcome::accepted, connection_option::unsaid, now),
              "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:22:55 GMT\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(to_response(request_outcome::bad_method, connection_option::close, now),
              "HTTP/1.1 405 Method Not Allowed\r\nDate: Sat, 21 Nov 2026 08:22:55 GMT\r\n"
              "Content-Length: 0\r\nAllow: POST\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(to_response(request_outcome::accepted, connection_option::keep_alive, now),
                HasSubstr("Connection: keep-alive\r\n"));
}

TEST(Response, AllowsOnlyWhereTheMethodWasWrong) {
    EXPECT_THAT(to_response(request_outcome::not_found, connection_option::unsaid, now),
                Not(HasSubstr("Allow")));
}

TEST(Response, TellsTheDateOfEachSecond) {
    const auto at = [](wall_time time) {
        return to_response(request_outcome::accepted, connection_option::unsaid, time);
    };
    EXPECT_THAT(at(now), HasSubstr("08:22:55 GMT"));
    EXPECT_THAT(at(now + std::chrono::microseconds{999'999}), HasSubstr("08:22:55 GMT"));
    EXPECT_THAT(at(now + std::chrono::seconds{1}), HasSubstr("08:22:56 GMT"));
}

TEST(HttpDate, IsAsTheRfcWritesIt) {
    EXPECT_EQ(to_http_date(wall_time{std::chrono::seconds{784'111'777}}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(to_http_date(wall_time{}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Response, OutcomeFollowsFromTheError) {
    struct example {
        errc code;
        request_outcome outcome;
    };

    constexpr example examples[] = {
        {errc::malformed_http, request_outcome::malformed},
        {errc::head_too_large, request_outcome::head_too_large},
        {errc::body_too_large, request_outcome::body_too_large},
        {errc::signature_missing, request_outcome::unsigned_request},
        {errc::signature_malformed, request_outcome::bad_signature},
        {errc::signature_mismatch, request_outcome::bad_signature},
        {errc::store_unavailable, request_outcome::reset},
        {errc::deadline_passed, request_outcome::reset},
        {errc::stopping, request_outcome::reset},
    };
    for (const example& one : examples)
        EXPECT_EQ(to_outcome(one.code), one.outcome) << error_code{one.code}.message();
}

} // namespace
} // namespace outreachd::ingress
