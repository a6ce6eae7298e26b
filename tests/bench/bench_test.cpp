/// What the load program's numbers rest on: its percentiles, its requests, its reading of answers.

#include "tests/bench/histogram.hpp"
#include "tests/bench/response_reader.hpp"
#include "tests/bench/signed_request.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <array>
#include <set>
#include <stdexcept>
#include <string>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

TEST(Histogram, GivesPercentilesWithinAThousandth) {
    histogram latency;
    for (int i = 1; i <= 100'000; ++i) {
        latency.record(std::chrono::microseconds{i});
    }
    for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const double exact = share * 100'000 * 1000;
        const auto found = static_cast<double>(latency.percentile(share).count());
        EXPECT_GE(found, exact) << share;
        EXPECT_LE(found, exact * 1.001) << share;
    }
    EXPECT_EQ(latency.max(), 100ms);
    EXPECT_EQ(latency.count(), 100'000U);
}

TEST(Histogram, KeepsSmallValuesExact) {
    for (const auto value : {0ns, 1ns, 2047ns}) {
        histogram latency;
        latency.record(value);
        EXPECT_EQ(latency.percentile(0.5), value);
    }
}

TEST(Histogram, CountsWhatIsLongerThanItsRange) {
    histogram latency;
    latency.record(90s);
    latency.record(-1ns);
    EXPECT_EQ(latency.count(), 2U);
    EXPECT_EQ(latency.max(), 90s);
    EXPECT_EQ(latency.percentile(0.5), 0ns);
    EXPECT_GE(latency.percentile(1.0), 60s);
}

TEST(Histogram, MergesCounts) {
    histogram quick;
    histogram slow;
    for (int i = 0; i < 99; ++i) {
        quick.record(1us);
    }
    slow.record(1s);
    quick.merge(slow);
    EXPECT_EQ(quick.percentile(0.99), 1us);
    EXPECT_EQ(quick.percentile(1.0), 1s);
}

TEST(Histogram, IsZeroWhereNothingWasRecorded) {
    EXPECT_EQ(histogram{}.percentile(0.99), 0ns);
}

request_shape shape_of(std::size_t body_bytes) {
    request_shape shape;
    shape.authority = "localhost:8443";
    shape.path = "/webhooks/outreach";
    shape.body_bytes = body_bytes;
    return shape;
}

std::string header(std::string_view request, const std::string& name) {
    const auto at = request.find(name + ": ") + name.size() + 2;
    return std::string{request.substr(at, request.find("\r\n", at) - at)};
}

std::string hmac(const std::string& secret, std::string_view body) {
    std::array<unsigned char, 32> digest{};
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         static_cast<const unsigned char*>(static_cast<const void*>(body.data())), body.size(), digest.data(),
         nullptr);
    std::string hex;
    for (const unsigned char byte : digest) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

TEST(SignedRequest, HasTheSizeAskedForAndAValidSignature) {
    signer signer{"foo"};
    for (const std::size_t body_bytes : {400U, 1024U, 100'000U}) {
        signed_request request{shape_of(body_bytes)};
        request.stamp(signer, signed_request::id_min + body_bytes);
        EXPECT_EQ(request.body().size(), body_bytes);
        EXPECT_EQ(header(request.bytes(), "Content-Length"), std::to_string(body_bytes));
        EXPECT_EQ(header(request.bytes(), "Outreach-Webhook-Signature"), hmac("foo", request.body()));
        const auto json = boost::json::parse(request.body());
        EXPECT_EQ(json.at("data").at("id").as_int64(),
                  static_cast<std::int64_t>(signed_request::id_min + body_bytes));
        EXPECT_EQ(json.at("meta").at("eventName").as_string(), "task.completed");
    }
}

TEST(SignedRequest, IsAnotherOneWithEachId) {
    signer signer{"foo"};
    request_shape shape = shape_of(1024);
    shape.has_event_id = true;
    signed_request request{shape};
    std::set<std::string> bodies;
    std::set<std::string> event_ids;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        request.stamp(signer, signed_request::id_min + i);
        bodies.emplace(request.body());
        event_ids.insert(header(request.bytes(), "Outreach-Webhook-Event-Id"));
    }
    EXPECT_EQ(bodies.size(), 1000U);
    EXPECT_EQ(event_ids.size(), 1000U);
}

TEST(SignedRequest, RefusesABodyTooSmallForAnEvent) {
    EXPECT_THROW(signed_request{shape_of(100)}, std::invalid_argument);
}

TEST(SignedRequest, FirstIdsLeaveRoomForARun) {
    EXPECT_GE(fresh_first_id(), signed_request::id_min);
    EXPECT_LE(fresh_first_id() + 1'000'000'000'000, signed_request::id_max);
}

struct answer_case {
    const char* label;
    std::string bytes;
    response_reader::state outcome;
    int status;
    bool closes;
};

TEST(ResponseReader, FindsTheEndHoweverTheBytesCome) {
    using enum response_reader::state;
    const std::array<answer_case, 9> cases{{
        {"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", complete, 200, false},
        {"body", "HTTP/1.1 401 Unauthorized\r\ncontent-length:  5\r\n\r\nhello", complete, 401, false},
        {"closes", "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", complete, 200, true},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", complete, 204, false},
        {"body cut", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", incomplete, 200, false},
        {"head cut", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", incomplete, 0, false},
        {"no length", "HTTP/1.1 200 OK\r\n\r\n", malformed, 200, false},
        {"not HTTP", "SMTP ready\r\n\r\n", malformed, 0, false},
        {"bad length", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", malformed, 200, false},
    }};
    for (const answer_case& each : cases) {
        response_reader whole;
        EXPECT_EQ(whole.feed(each.bytes), each.outcome) << each.label;
        EXPECT_EQ(whole.status(), each.status) << each.label;
        EXPECT_EQ(whole.closes_connection(), each.closes) << each.label;

        response_reader bytewise;
        auto reached = incomplete;
        for (const char byte : each.bytes) {
            reached = bytewise.feed({&byte, 1});
        }
        EXPECT_EQ(reached, each.outcome) << each.label;
    }
}

TEST(ResponseReader, RefusesWhatComesBehindTheEnd) {
    response_reader reader;
    EXPECT_EQ(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore"),
              response_reader::state::malformed);
}

TEST(ResponseReader, StartsAnewForTheNextAnswer) {
    response_reader reader;
    reader.feed("HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    reader.restart();
    EXPECT_EQ(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), response_reader::state::complete);
    EXPECT_EQ(reader.status(), 200);
    EXPECT_FALSE(reader.closes_connection());
}

} // namespace

} // namespace outreachd::bench
