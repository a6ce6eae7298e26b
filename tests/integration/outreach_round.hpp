/// Outreach, simulated, and a daemon that answers a new prospect with a task there.
#pragma once

#include "tests/integration/daemon_under_test.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace outreachd::tests {

/// A task for each new prospect, and a note on it when it is done.
inline constexpr const char* follow_up =
    "  follow-up:\n"
    "    type: outreach\n"
    "    retry: {initial: 50ms, max: 200ms, attempts: 100}\n"
    "    steps:\n"
    "      - name: prospect\n"
    "        get: /prospects/${{ .data.id }}\n"
    "      - name: task\n"
    "        post: /tasks\n"
    "        body:\n"
    "          data:\n"
    "            type: task\n"
    "            attributes: {action: call, note: \"Call ${{ $steps.prospect.data.attributes.firstName "
    "}}\"}\n"
    "            relationships: {prospect: {data: {type: prospect, id: \"${{ .data.id }}\"}},"
    " owner: {data: {type: user, id: 1}}}\n";

class OutreachRound : public testing::Test {
protected:
    explicit OutreachRound(sandbox::options configured = sandbox::quick_options())
        : outreach_(std::move(configured)) {}

    configuration with(const std::string& rest = {}) const {
        configuration made;
        made.has_tls = false;
        made.handlers = std::string{"  out: {type: file, path: DIRECTORY/out.jsonl}\n"} + follow_up;
        made.routes = "  - {match: \"*\", to: [out]}\n  - {match: prospect.created, to: [follow-up]}\n";
        made.rest = "outreach:\n  base_url: " + outreach_.subject.base_url() +
                    "\n  auth: {type: oauth, client_id: sandbox-client, client_secret: sandbox-secret, "
                    "refresh_token: " +
                    sandbox::known_refresh_token + "}\n" + rest;
        return made;
    }

    std::string webhooks(const std::string& more = {}) const {
        return "webhooks: {url: \"http://127.0.0.1:" + std::to_string(daemon_.port()) +
               "/webhooks/outreach\", subscribe: [prospect.created, task.created" + more + "]}\n";
    }

    /// Starts the daemon, and has Outreach send to it.
    void start() {
        daemon_.configure(with());
        daemon_.start();
        daemon_.configure(with(webhooks()));
        daemon_.signal(SIGHUP);
        const finished_process applied = daemon_.command({"webhooks", "apply", "--yes"});
        ASSERT_EQ(applied.exit_code, 0) << applied.err;
    }

    std::int64_t add_prospect(const std::string& name) {
        return outreach_.make("prospects", "prospect", R"("firstName":")" + name + '"');
    }

    std::vector<std::string> tasks_of(std::int64_t prospect) {
        std::vector<std::string> notes;
        const auto found = outreach_.get("tasks?page[size]=1000");
        for (const auto& one : found.at("/data").as_array()) {
            boost::system::error_code ec;
            const auto* const of = one.find_pointer("/relationships/prospect/data/id", ec);
            if (of != nullptr && of->is_number() && of->to_number<std::int64_t>() == prospect)
                notes.push_back(boost::json::value_to<std::string>(one.at_pointer("/attributes/note")));
        }
        return notes;
    }

    /// Tasks that were made, as Outreach's own record of requests has it.
    std::size_t made_tasks() const {
        const auto seen = outreach_.subject.requests();
        return static_cast<std::size_t>(std::count_if(seen.begin(), seen.end(), [](const auto& one) {
            return one.method == "POST" && one.target == "/api/v2/tasks" && one.status == 201;
        }));
    }

    /// `auth login`, and what a browser does with the URL that it prints.
    void log_in() {
        const std::string told = daemon_.directory().at("login.log");
        finished_process login;
        std::thread terminal([&] {
            login =
                run_program({"/bin/sh", "-c", "exec \"$0\" auth login --no-browser -c \"$1\" >\"$2\" 2>&1",
                             OUTREACHD_PROGRAM, daemon_.config_path(), told});
        });
        const std::string origin = outreach_.subject.origin();
        std::string url;
        EXPECT_TRUE(eventually([&] {
            const std::string text = read_file(told);
            const std::size_t at = text.find(origin + "/oauth/authorize?");
            const std::size_t end = text.find('\n', at);
            if (at != std::string::npos && end != std::string::npos)
                url = text.substr(at, end - at);
            return !url.empty();
        })) << read_file(told);
        const std::string back =
            sandbox::send_http(outreach_.subject.port(), "GET", url.substr(origin.size()))
                .headers["location"];
        const std::string before = "http://127.0.0.1:";
        EXPECT_THAT(back, testing::StartsWith(before));
        const std::size_t path = back.find('/', before.size());
        const auto port = static_cast<std::uint16_t>(std::stoul(back.substr(before.size())));
        EXPECT_EQ(sandbox::send_http(port, "GET", back.substr(path)).status, 200U);
        terminal.join();
        EXPECT_EQ(login.exit_code, 0) << read_file(told);
    }

    bool is_followed_up(std::int64_t prospect, std::chrono::milliseconds limit = std::chrono::seconds{20}) {
        return eventually([&] { return !tasks_of(prospect).empty(); }, limit);
    }

    sandbox::running_sandbox outreach_;
    daemon_under_test daemon_;
};

} // namespace outreachd::tests
