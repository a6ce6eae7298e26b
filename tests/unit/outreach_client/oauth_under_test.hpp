/// OAuth's tokens, and a token endpoint that rotates them.
#pragma once

#include "handlers/outreach/oauth_tokens.hpp"
#include "tests/unit/outreach_client/outreach_under_test.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

namespace outreachd::handlers::outreach::test {

/// Gives `access-planted-N` and `refresh-planted-N` for the N-th grant, and refuses a refresh token that was
/// replaced.
struct rotating_endpoint {
    std::atomic<int> grants = 0;
    changing_script instead{[this](const recorded_request& request) { return rotate(request); }};
    scripted_server server{[this](const recorded_request& request) { return instead(request); }};

    void behave() {
        instead = [this](const recorded_request& request) { return rotate(request); };
    }

    scripted_answer rotate(const recorded_request& request) {
        const int number = grants;
        if (request.body.find("refresh_token=refresh-planted-" + std::to_string(number)) == std::string::npos)
            return answer_of(400, R"({"error":"invalid_grant","error_description":"gone"})");
        ++grants;
        const std::string next = std::to_string(number + 1);
        return grant_of("access-planted-" + next, "refresh-planted-" + next);
    }
};

struct oauth_under_test {
    rotating_endpoint endpoint;
    scratch_directory directory;
    fake_clock clock;
    http_transport transport{{}};
    store::token_file file{directory / ""};
    settings::oauth_access configured = oauth_at(origin_of(endpoint.server));

    std::unique_ptr<oauth_tokens> make() {
        return std::make_unique<oauth_tokens>(configured, file, transport, clock.clock());
    }

    void mark_as_begun() {
        const auto lock = file.lock(in());
        store::token_record record = file.read().record;
        record.refreshing_since = clock.now();
        EXPECT_EQ(file.write(*lock.held, record), "");
    }
};

} // namespace outreachd::handlers::outreach::test
