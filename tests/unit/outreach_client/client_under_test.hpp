/// A client, and the scripted Outreach that it talks to.
#pragma once

#include "tests/unit/outreach_client/outreach_under_test.hpp"

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::handlers::outreach::test {

struct client_under_test {
    changing_script script{[](const recorded_request&) { return answer_of(200, R"({"data":[]})"); }};
    scripted_server server{[this](const recorded_request& request) { return script(request); }};
    scratch_directory directory;
    fake_clock clock;
    settings::outreach configured = test::configured(server);
    std::unique_ptr<access> shared{};
    std::unique_ptr<client> made{};
    std::mutex mutex{};
    std::vector<std::pair<int, std::optional<std::uint64_t>>> seen{}; ///< By the hook.

    client& by(caller who = caller::worker) {
        if (!shared)
            shared = std::make_unique<access>(configured, directory / "", clock.clock());
        made = std::make_unique<client>(
            *shared, who, client_hooks{[this](int status, std::optional<std::uint64_t> remaining) {
                const std::lock_guard lock(mutex);
                seen.emplace_back(status, remaining);
            }});
        return *made;
    }

    api_answer send(const api_request& request, milliseconds time = seconds{20}) {
        return by().send(request, in(time));
    }

    void use_oauth() { configured.auth = oauth_at(origin_of(server)); }
};

} // namespace outreachd::handlers::outreach::test
