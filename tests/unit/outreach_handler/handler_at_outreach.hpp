/// An `outreach` handler, and the scripted Outreach that it calls.
#pragma once

#include "handlers/outreach_handler.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/outreach_client/outreach_under_test.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::handlers::outreach::test {

using namespace std::chrono_literals;
using settings::outreach_step;
using verdict = outcome::kind;

inline constexpr const char* mailing_body =
    R"({"data":{"type":"mailing","id":9007199254740993,)"
    R"("attributes":{"subject":"a & b"}},"meta":{"eventName":"mailing.replied"}})";

/// Keeps records as the store does; may refuse them from the n-th on.
class kept_progress final : public progress {
public:
    std::vector<std::string> results() override { return records; }

    void record(std::string result) override {
        if (records.size() == refuses_from)
            throw std::runtime_error("the daemon has ended");
        records.push_back(std::move(result));
    }

    std::vector<std::string> records;
    std::size_t refuses_from = 1'000'000;
};

inline outreach_step step(std::string method, std::string target) {
    outreach_step made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.on_unknown = made.method == "POST" ? settings::on_unknown::dead : settings::on_unknown::retry;
    return made;
}

inline outreach_step named(std::string name, outreach_step made) {
    made.name = std::move(name);
    return made;
}

class handler_at_outreach : public testing::Test {
protected:
    outcome handle(std::vector<outreach_step> steps, milliseconds timeout = 20s) {
        settings::outreach_handler configured;
        configured.steps = std::move(steps);
        configured.allow_hosts = allow_hosts_;
        const auto made = make_outreach_handler(
            configured, std::make_shared<access>(test::configured(server_), directory_ / ""), {},
            std::make_shared<expression::engine>(1));
        attempt what = handlers::test::make_attempt(body_);
        what.deadline = std::chrono::steady_clock::now() + timeout;
        what.done_so_far = &progress_;
        running_ = made.get();
        return made->handle(what);
    }

    /// Of another delivery, with nothing done yet.
    outcome handle_anew(std::vector<outreach_step> steps) {
        progress_.records.clear();
        return handle(std::move(steps));
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> found;
        for (const recorded_request& one : server_.requests())
            found.push_back(one.line.substr(0, one.line.rfind(' ')));
        return found;
    }

    std::vector<std::string> idempotency_keys() const {
        std::vector<std::string> found;
        for (const recorded_request& one : server_.requests())
            found.push_back(one.headers.at("idempotency-key"));
        return found;
    }

    scripted_server::script script_ = [](const recorded_request&) {
        return answer_of(200, R"({"data":{"id":7}})");
    };
    std::string body_ = mailing_body;
    std::vector<std::string> allow_hosts_;
    kept_progress progress_;
    std::atomic<handler*> running_ = nullptr; ///< While `handle` runs; for the script.
    scratch_directory directory_;
    scripted_server server_{[this](const recorded_request& request) { return script_(request); }};
};

} // namespace outreachd::handlers::outreach::test
