/// A sandbox on a free port, and what a client of it says.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/sandbox/server.hpp"
#include "tests/unit/sandbox/http_client.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace outreachd::sandbox {

namespace json = boost::json;
using namespace std::chrono_literals;

inline const std::string known_token = "known-token";
inline const std::string known_refresh_token = "known-refresh-token";

/// With a token that is known, one grant at any time, and nothing that takes long.
inline options quick_options() {
    options quick;
    quick.token = known_token;
    quick.refresh_token = known_refresh_token;
    quick.grant_interval = 0ms;
    quick.work_delay = 5ms;
    quick.delivery.pause = 20ms;
    return quick;
}

/// An answer whose body is JSON.
struct json_reply {
    unsigned status = 0;
    std::map<std::string, std::string> headers;
    json::value body;

    const json::value& at(std::string_view pointer) const { return body.at_pointer(pointer); }

    std::string text(std::string_view pointer) const { return json::value_to<std::string>(at(pointer)); }

    std::int64_t number(std::string_view pointer) const { return at(pointer).to_number<std::int64_t>(); }

    std::size_t count(std::string_view pointer = "/data") const { return at(pointer).as_array().size(); }
};

struct running_sandbox {
    explicit running_sandbox(options configured = quick_options()) : subject(std::move(configured), log) {
        subject.start();
    }

    http_answer raw(std::string_view method, std::string_view target, std::string_view body = {},
                    const header_list& headers = {}) {
        return send_http(subject.port(), method, target, body, headers);
    }

    /// A request as the contract wants it.
    json_reply ask(std::string_view method, const std::string& target, const std::string& body = {}) {
        return to_json(
            raw(method, target.starts_with("/") ? target : "/api/v2/" + target, body,
                {{"Authorization", "Bearer " + token}, {"Content-Type", "application/vnd.api+json"}}));
    }

    json_reply get(const std::string& target) { return ask("GET", target); }

    json_reply post(const std::string& target, const std::string& body = {}) {
        return ask("POST", target, body);
    }

    json_reply patch(const std::string& target, const std::string& body) {
        return ask("PATCH", target, body);
    }

    /// Creates a record; its id. `rest`: further members of `data`, with a comma in front.
    std::int64_t make(const std::string& plural, const std::string& type, const std::string& attributes,
                      const std::string& relationships = {}) {
        const json_reply made =
            post(plural, R"({"data":{"type":")" + type + R"(","attributes":{)" + attributes +
                             R"(},"relationships":{)" + relationships + "}}}");
        EXPECT_EQ(made.status, 201U) << json::serialize(made.body);
        return made.status == 201 ? made.number("/data/id") : 0;
    }

    json_reply control(std::string_view method, const std::string& what, const std::string& body = {}) {
        return to_json(raw(method, "/sandbox/" + what, body));
    }

    static json_reply to_json(const http_answer& answer) {
        boost::system::error_code ec;
        return {answer.status, answer.headers,
                answer.body.empty() ? json::value{} : json::parse(answer.body, ec)};
    }

    log::logger log{log::level::error, log::format::text};
    std::string token = known_token;
    server subject;
};

/// `{"data": {"type", "id"}}` behind its name.
inline std::string link_to(const std::string& name, const std::string& type, std::int64_t id) {
    return '"' + name + R"(":{"data":{"type":")" + type + R"(","id":)" + std::to_string(id) + "}}";
}

/// Whether that becomes true within 10 s.
inline bool becomes_true(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

} // namespace outreachd::sandbox
