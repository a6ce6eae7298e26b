/// A simulated Outreach, and commands that are told to use it.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/sandbox/server.hpp"
#include "tests/unit/command_line/configured.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace outreachd::command_line {

/// Never to be seen on any output.
inline constexpr const char* planted_token = "planted-access-token-f3a1";
inline constexpr const char* planted_client_secret = "planted-client-secret-77b0";
inline constexpr const char* planted_refresh_token = "planted-refresh-token-19cd";

/// What is typed at a command, or comes by a pipe; it ends behind `text`.
class typed_input {
public:
    explicit typed_input(std::string_view text) {
        EXPECT_EQ(::pipe(ends_), 0);
        type(text);
        close_writing();
    }

    /// For what is typed later.
    typed_input() { EXPECT_EQ(::pipe(ends_), 0); }

    ~typed_input() {
        ::close(ends_[0]);
        close_writing();
    }

    typed_input(const typed_input&) = delete;
    typed_input& operator=(const typed_input&) = delete;

    void type(std::string_view text) {
        EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    int descriptor() const noexcept { return ends_[0]; }

private:
    void close_writing() {
        if (ends_[1] >= 0)
            ::close(ends_[1]);
        ends_[1] = -1;
    }

    int ends_[2]{-1, -1};
};

struct commanded_sandbox {
    static sandbox::options quick() {
        sandbox::options quick;
        quick.token = planted_token;
        quick.client_secret = planted_client_secret;
        quick.grant_interval = std::chrono::milliseconds{0};
        quick.work_delay = std::chrono::milliseconds{5};
        return quick;
    }

    explicit commanded_sandbox(sandbox::options configured = quick()) : subject(std::move(configured), log) {
        subject.start();
        use_auth(std::string{"{type: token, token: "} + planted_token + "}");
    }

    /// Writes the configuration, with `outreach.auth` as it is given.
    void use_auth(const std::string& auth) { use_auth(auth, subject.base_url()); }

    void use_auth(const std::string& auth, const std::string& base_url) {
        config = scratch.file("outreachd.yaml", "outreach:\n  base_url: " + base_url +
                                                    "\n  proxy: off\n  auth: " + auth +
                                                    "\nstore: {directory: " + scratch.at("store") + "}\n");
    }

    void use_oauth(const std::string& more = {}) {
        use_auth(std::string{"{type: oauth, client_id: sandbox-client, client_secret: "} +
                 planted_client_secret + ", scopes: [prospects.read, tasks.all]" + more + "}");
    }

    /// `outreachd ARGUMENTS… -c CONFIG`. No secret of this file may be in what it writes.
    command_result run(std::vector<std::string> arguments, const typed_input* typed = nullptr,
                       bool is_interactive = false) const {
        arguments.insert(arguments.begin(), "outreachd");
        arguments.insert(arguments.end(), {"-c", config});
        std::vector<const char*> argv;
        for (const std::string& each : arguments)
            argv.push_back(each.c_str());
        std::ostringstream out;
        std::ostringstream err;
        const commands given{.serve = [](const std::string&) { return 0; }};
        const int code = command_line::run(static_cast<int>(argv.size()), argv.data(), given,
                                           {.out = out,
                                            .err = err,
                                            .is_terminal = is_interactive,
                                            .in = typed == nullptr ? -1 : typed->descriptor(),
                                            .is_interactive = is_interactive});
        for (const char* const planted : {planted_token, planted_client_secret, planted_refresh_token}) {
            EXPECT_EQ(out.str().find(planted), std::string::npos) << testing::PrintToString(arguments);
            EXPECT_EQ(err.str().find(planted), std::string::npos) << testing::PrintToString(arguments);
        }
        return {code, out.str(), err.str()};
    }

    /// A result of `outreachd api GET PATH --raw --jq PROGRAM`, its lines.
    std::vector<std::string> ask(const std::string& path, const std::string& program) const {
        const command_result result = run({"api", "GET", path, "--raw", "--jq", program});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        std::vector<std::string> lines;
        std::istringstream text{result.out};
        for (std::string line; std::getline(text, line);)
            lines.push_back(line);
        return lines;
    }

    /// Requests to the API whose path begins so.
    std::size_t count_of(std::string_view method, std::string_view path) const {
        std::size_t count = 0;
        for (const sandbox::seen_request& each : subject.requests())
            count += each.method == method && each.target.starts_with(path) ? 1U : 0U;
        return count;
    }

    scratch_directory scratch;
    log::logger log{log::level::error, log::format::text};
    sandbox::server subject;
    std::string config;
};

} // namespace outreachd::command_line
