/// A sandbox with a webhook, and the receiver that it leads to.
#pragma once

#include "tests/servers/scripted_server.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <algorithm>

namespace outreachd::sandbox {

using test_servers::http_ok;
using test_servers::http_status;
using test_servers::recorded_request;
using test_servers::scripted_answer;
using test_servers::scripted_server;

inline std::string hook(const std::string& url, const std::string& attributes = {}) {
    return R"("url":")" + url + '"' + (attributes.empty() ? "" : "," + attributes);
}

inline std::string url_of(const scripted_server& receiver) {
    return "http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook";
}

inline std::vector<delivery> settled(running_sandbox& sandbox, std::size_t count) {
    std::vector<delivery> all;
    EXPECT_TRUE(becomes_true([&] {
        all = sandbox.subject.deliveries();
        return all.size() >= count &&
               std::ranges::none_of(all, [](const delivery& each) { return each.state == "pending"; });
    }));
    EXPECT_EQ(all.size(), count);
    return all;
}

inline std::vector<std::string> names(const std::vector<recorded_request>& requests) {
    std::vector<std::string> all;
    for (const recorded_request& each : requests)
        all.push_back(json::value_to<std::string>(json::parse(each.body).at_pointer("/meta/eventName")));
    return all;
}

/// A receiver that takes all, and a webhook to it.
struct hooked {
    explicit hooked(const std::string& attributes, options configured = quick_options())
        : receiver([](const recorded_request&) { return http_ok(); }), sandbox(std::move(configured)) {
        webhook = sandbox.make("webhooks", "webhook", hook(url_of(receiver), attributes));
    }

    std::vector<recorded_request> received(std::size_t count) {
        settled(sandbox, count);
        return receiver.requests();
    }

    scripted_server receiver;
    running_sandbox sandbox;
    std::int64_t webhook = 0;
};

} // namespace outreachd::sandbox
