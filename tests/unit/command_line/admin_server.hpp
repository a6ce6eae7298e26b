/// An admin server that plays the daemon, and a configuration that names it.
#pragma once

#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/configured.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::command_line {

struct admin_server {
    /// Answers everything with `body`.
    explicit admin_server(std::string body, int status = 200)
        : admin_server(std::vector<std::pair<int, std::string>>{{status, std::move(body)}}) {}

    /// Answers with one after the other, and goes on with the last.
    explicit admin_server(const std::vector<std::string>& bodies) : admin_server(with_200(bodies)) {}

    explicit admin_server(std::vector<std::pair<int, std::string>> answers)
        : admin_server([answers = std::move(answers), next = std::make_shared<std::atomic<std::size_t>>(0)] {
              const auto& [status, body] = answers[std::min(next->fetch_add(1), answers.size() - 1)];
              return test_servers::http_status(status, body);
          }) {}

    explicit admin_server(const std::function<test_servers::scripted_answer()>& answer)
        : server([answer](const test_servers::recorded_request&) {
              test_servers::scripted_answer given = answer();
              given.is_last = true;
              return given;
          }) {
        config = scratch.file("outreachd.yaml", "admin: {address: 127.0.0.1, port: " +
                                                    std::to_string(server.port()) + ", token: the-token}\n");
    }

    /// Answers with a list whose search was ended at that event.
    static admin_server ended_at(const std::string& id, const std::string& time, const std::string& list) {
        return admin_server{[=] {
            return test_servers::scripted_answer{
                .bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(list.size()) +
                         "\r\nSearch-Ended-At: " + id + "\r\nSearch-Ended-Time: " + time + "\r\n\r\n" + list};
        }};
    }

    command_result ask(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"-c", config});
        return run_command(arguments);
    }

    /// Of the first request, which was a GET.
    std::string target() const {
        const std::string line = server.requests().at(0).line;
        return line.substr(4, line.size() - 4 - 9);
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        for (const test_servers::recorded_request& each : server.requests())
            all.push_back(each.line);
        return all;
    }

    scratch_directory scratch;
    test_servers::scripted_server server;
    std::string config;

private:
    static std::vector<std::pair<int, std::string>> with_200(const std::vector<std::string>& bodies) {
        std::vector<std::pair<int, std::string>> answers;
        for (const std::string& each : bodies)
            answers.emplace_back(200, each);
        return answers;
    }
};

} // namespace outreachd::command_line
