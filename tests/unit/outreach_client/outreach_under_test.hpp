/// A scripted Outreach, a clock that stands until it is moved, and what is configured for them.
#pragma once

#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"
#include "handlers/outreach/token_source.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

namespace outreachd::handlers::outreach::test {

using namespace test_servers;
using handlers::test::scratch_directory;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline steady_time in(milliseconds time = seconds{20}) {
    return std::chrono::steady_clock::now() + time;
}

/// Any thread.
class fake_clock {
public:
    wall_time now() const { return wall_time{std::chrono::microseconds{micros_.load()}}; }

    void advance(std::chrono::microseconds by) { micros_ += by.count(); }

    wall_clock clock() {
        return [this] { return now(); };
    }

private:
    // Whole seconds: a file that keeps milliseconds keeps all of it.
    std::atomic<std::int64_t> micros_ =
        std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count() * 1'000'000;
};

/// A script that a test replaces while the server runs.
class changing_script {
public:
    explicit changing_script(scripted_server::script first) : now_(std::move(first)) {}

    changing_script& operator=(scripted_server::script next) {
        const std::lock_guard lock(mutex_);
        now_ = std::move(next);
        return *this;
    }

    scripted_answer operator()(const recorded_request& request) {
        std::unique_lock lock(mutex_);
        const scripted_server::script now = now_;
        lock.unlock();
        return now(request);
    }

private:
    std::mutex mutex_;
    scripted_server::script now_;
};

/// An answer with headers: `Name: value` lines, each with its line break.
inline scripted_answer answer_of(int status, const std::string& body, const std::string& headers = {},
                                 const std::string& type = "application/vnd.api+json") {
    return {.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type + "\r\n" + headers +
                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

inline std::string limit_headers(int remaining, const std::string& reset, int limit = 10'000) {
    return "X-RateLimit-Limit: " + std::to_string(limit) +
           "\r\nX-RateLimit-Remaining: " + std::to_string(remaining) + "\r\nX-RateLimit-Reset: " + reset +
           "\r\n";
}

/// The reply of a token endpoint.
inline scripted_answer grant_of(const std::string& access, const std::string& refresh, int life = 7200) {
    return answer_of(200,
                     R"({"access_token":")" + access + R"(","token_type":"Bearer","expires_in":)" +
                         std::to_string(life) + R"(,"refresh_token":")" + refresh +
                         R"(","scope":"tasks.read prospects.all","created_at":1})",
                     {}, "application/json");
}

inline std::string origin_of(const scripted_server& server) {
    return "http://127.0.0.1:" + std::to_string(server.port());
}

inline settings::outreach configured(const scripted_server& server) {
    settings::outreach made;
    made.base_url = origin_of(server) + "/api/v2";
    made.proxy = "";
    made.auth = settings::token_access{secret{"fixed-token-planted"}};
    return made;
}

inline settings::oauth_access oauth_at(const std::string& origin) {
    settings::oauth_access made;
    made.client_id = "the client";
    made.client_secret = secret{"client-secret-planted"};
    made.refresh_token = secret{"refresh-planted-0"};
    made.scopes = {"tasks.read", "prospects.all"};
    made.redirect_uri = "https://app.example.com/callback";
    made.token_url = origin + "/oauth/token";
    made.authorize_url = origin + "/oauth/authorize";
    return made;
}

inline bool is_token_request(const recorded_request& request) {
    return request.line.starts_with("POST /oauth/token ");
}

/// How many requests went to a path.
inline std::size_t count_of(const scripted_server& server, const std::string& start) {
    std::size_t count = 0;
    for (const recorded_request& each : server.requests())
        count += each.line.starts_with(start) ? 1U : 0U;
    return count;
}

inline std::string token_of(const token_reply& reply) {
    EXPECT_EQ(reply.what, token_reply::kind::token) << reply.why;
    return std::string{reply.token.reveal()};
}

} // namespace outreachd::handlers::outreach::test
