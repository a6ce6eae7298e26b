/// Values that would do harm where they are taken for more than text, in URLs, headers, bodies and arguments.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/http_receiver.hpp"
#include "tests/integration/sent_tasks.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <mutex>

namespace outreachd::tests {
namespace {

namespace json = boost::json;

/// A path's segment without its percent-encoding.
std::string decoded(const std::string& segment) {
    std::string text;
    for (std::size_t at = 0; at < segment.size(); ++at) {
        if (segment[at] == '%') {
            text += static_cast<char>(std::stoi(segment.substr(at + 1, 2), nullptr, 16));
            at += 2;
        } else {
            text += segment[at];
        }
    }
    return text;
}

TEST(HostileValues, AreHandedOverAsTheyAre) {
    std::vector<std::string> values;
    for (const char* one : {"'",
                            "\"",
                            "$(touch PWNED)",
                            "`touch PWNED`",
                            "; touch PWNED",
                            "a\nX-Evil: 1",
                            "a\r\nX-Evil: 1",
                            "../../etc/passwd",
                            "..",
                            ".",
                            "%00",
                            "%2e%2e%2f",
                            "a/b?c#d",
                            "\xF0\x9F\x98\x80",
                            "",
                            "\\",
                            "{{x}}",
                            "${HOME}",
                            "${{ .data.id }}",
                            "-rf",
                            "--help",
                            "a b",
                            "é",
                            "\t",
                            "*"})
        values.emplace_back(one);
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < 300; ++i) {
        std::string value = values[i % values.size()] + values[(i / values.size()) % values.size()];
        if (i % 60 == 59)
            value = std::string(64 * 1024, 'x');
        json::object attributes{{"v", value}};
        if (i % 50 == 1)
            attributes["v"] = nullptr;
        if (i % 50 == 2)
            attributes["v"] = json::object{{"nested", json::array{1, "two"}}};
        bodies.push_back(task(static_cast<int>(i), json::serialize(attributes)));
    }
    std::mutex mutex;
    std::map<std::string, std::vector<received_call>> calls; // by path up to the value
    const http_receiver server([&](const received_call& call) -> reply {
        const std::lock_guard lock(mutex);
        calls[call.target.substr(0, 5)].push_back(call);
        return {};
    });
    daemon_under_test daemon(
        {.handlers =
             "  url: {type: http, url: \"" + server.url("/url/${{ .data.attributes.v }}/end") +
             "\", headers: {X-Id: \"${{ .data.id }}\"}}\n"
             "  head: {type: http, url: \"" +
             server.url("/head") +
             "\", headers: {X-Value: \"${{ .data.attributes.v }}\", X-Id: \"${{ .data.id }}\"}}\n"
             "  body: {type: http, url: \"" +
             server.url("/body") +
             "\", body: \"${{ {id: .data.id, v: .data.attributes.v} }}\"}\n"
             "  argv: {type: exec, command: [/bin/sh, -c, 'printf %s \"$1\" > \"DIRECTORY/argv.$2\"', sh,"
             " \"${{ .data.attributes.v }}\", \"${{ .data.id }}\"], cwd: DIRECTORY}\n",
         .routes = "  - {match: \"*\", to: [url, head, body, argv]}\n"});
    daemon.start();
    send_all(daemon, bodies);
    ASSERT_TRUE(daemon.drained());
    for (const char* handler : {"url", "head", "argv"})
        for (const json::value& dead : dead_of(daemon, handler))
            EXPECT_FALSE(dead.at("reason").as_string().empty());
    EXPECT_EQ(dead_of(daemon, "body").size(), 0U);
    EXPECT_EQ(calls["/body"].size(), bodies.size());
    for (const received_call& call : calls["/body"]) {
        const json::value got = json::parse(call.body);
        const auto id = static_cast<std::size_t>(got.at("id").as_int64());
        EXPECT_EQ(got.at("v"), json::parse(bodies[id]).at("data").at("attributes").at("v"));
    }
    const auto sent = [&](const received_call& call) {
        return json::parse(bodies.at(std::stoul(call.fields.at("x-id")))).at("data").at("attributes").at("v");
    };
    for (const received_call& call : calls["/url/"]) {
        EXPECT_TRUE(call.target.ends_with("/end")) << call.target.substr(0, 100);
        EXPECT_EQ(std::count(call.target.begin(), call.target.end(), '/'), 3) << call.target.substr(0, 100);
        EXPECT_EQ(call.target.find('?'), std::string::npos);
        if (const json::value value = sent(call); value.is_string()) {
            EXPECT_EQ(decoded(call.target.substr(5, call.target.size() - 5 - 4)),
                      std::string(value.as_string()));
        }
    }
    for (const received_call& call : calls["/head"]) {
        EXPECT_FALSE(call.fields.contains("x-evil"));
        EXPECT_EQ(call.field_count, calls["/head"].front().field_count);
        if (const json::value value = sent(call); value.is_string()) {
            EXPECT_EQ(call.fields.at("x-value"), std::string(value.as_string()));
        }
    }
    std::cout << calls["/url/"].size() << " URLs, " << calls["/head"].size() << " heads of " << bodies.size()
              << '\n';
    EXPECT_GT(calls["/url/"].size(), 200U);
    EXPECT_GT(calls["/head"].size(), 200U);
    EXPECT_EQ(calls["/url/"].size() + dead_of(daemon, "url").size(), bodies.size());
    EXPECT_EQ(calls["/head"].size() + dead_of(daemon, "head").size(), bodies.size());
    std::size_t arguments = 0;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        const json::value value = json::parse(bodies[i]).at("data").at("attributes").at("v");
        if (!value.is_string())
            continue;
        EXPECT_EQ(read_file(daemon.directory().at("argv." + std::to_string(i))),
                  std::string(value.as_string()));
        ++arguments;
    }
    EXPECT_GT(arguments, 250U);
    EXPECT_EQ(run_program({"find", daemon.directory().path(), "-name", "PWNED"}).out, "");
    EXPECT_TRUE(daemon.is_running());
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

} // namespace
} // namespace outreachd::tests
