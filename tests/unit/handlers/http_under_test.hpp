/// The `http` handler as tests make it.
#pragma once

#include "handlers/http_handler.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/handlers/attempts.hpp"

#include <string>

namespace outreachd::handlers::test {

using namespace test_servers;

inline constexpr const char* task_body =
    R"({"data":{"type":"task","id":123456789012345678901234567890,"attributes":{"note":"hi"}},)"
    R"("meta":{"eventName":"task.completed"}})";

inline std::string url_of(const scripted_server& server, const std::string& target = "/in",
                          const std::string& scheme = "http", const std::string& host = "127.0.0.1") {
    return scheme + "://" + host + ":" + std::to_string(server.port()) + target;
}

inline std::unique_ptr<handler> make_http(const settings::http_handler& configured) {
    return make_http_handler(configured, std::make_shared<expression::engine>(2));
}

inline settings::http_handler http_to(std::string url) {
    settings::http_handler configured;
    configured.url = std::move(url);
    return configured;
}

/// An attempt at an event with this body.
inline attempt attempt_at(const std::string& body = task_body,
                          const std::string& content_type = "application/json",
                          std::chrono::milliseconds timeout = std::chrono::seconds{20}) {
    const auto subject = make_event(body);
    subject->content_type = content_type;
    attempt made = make_attempt(body);
    made.subject = subject;
    made.deadline = std::chrono::steady_clock::now() + timeout;
    return made;
}

/// A server that takes everything, and the handler's one attempt at it.
struct one_delivery {
    explicit one_delivery(
        settings::http_handler configured, const std::string& body = task_body,
        const std::string& content_type = "application/json",
        scripted_server::script script = [](const recorded_request&) { return http_ok(); })
        : server(std::move(script)) {
        if (configured.url.empty())
            configured.url = url_of(server);
        else if (configured.url.front() == '/')
            configured.url = url_of(server, configured.url);
        said = make_http(configured)->handle(attempt_at(body, content_type));
        requests = server.requests();
    }

    scripted_server server;
    outcome said;
    std::vector<recorded_request> requests;
};

} // namespace outreachd::handlers::test
