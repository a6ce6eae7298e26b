/// A process that is killed while it renews its tokens, 200 times, with 16 threads asking: a refresh token is
/// good once, so that one used twice, or lost, costs a login (contract 7.8). Against the sandbox, which
/// rotates them.
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/oauth_grant.hpp"
#include "handlers/outreach/oauth_tokens.hpp"
#include "tests/servers/server_process.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using namespace handlers::outreach;
using sandbox::running_sandbox;
using test_servers::server_process;

constexpr const char* child_word = "--ask-for-tokens";
constexpr int threads = 16;
constexpr int haste = 60'000;
constexpr int login_needed = 3; ///< The child's exit code.

settings::outreach configured(const std::string& base_url) {
    settings::outreach made;
    made.base_url = base_url;
    settings::oauth_access auth;
    auth.client_id = "sandbox-client";
    auth.client_secret = secret{"sandbox-secret"};
    auth.refresh_token = secret{sandbox::known_refresh_token};
    const std::string origin = base_url.substr(0, base_url.find("/api/"));
    auth.token_url = origin + "/oauth/token";
    auth.authorize_url = origin + "/oauth/authorize";
    made.auth = auth;
    return made;
}

/// A minute passes in each millisecond, so that a token's two hours and the minute between grants do, too.
wall_clock hasty_clock(wall_time start) {
    return [start] { return start + haste * (wall_now() - start); };
}

/// Until it is killed.
int ask_for_tokens(const std::string& base_url, const std::string& directory, wall_time start) {
    access shared{configured(base_url), directory, hasty_clock(start)};
    std::vector<std::thread> asking;
    for (int n = 0; n < threads; ++n)
        asking.emplace_back([&shared] {
            for (;;) {
                const token_reply reply = shared.tokens().get(std::chrono::steady_clock::now() + 10s);
                if (reply.what == token_reply::kind::needs_login)
                    std::_Exit(login_needed);
                std::this_thread::sleep_for(100us);
            }
        });
    for (std::thread& one : asking)
        one.join();
    return 0;
}

class RefreshKill : public testing::Test {
protected:
    RefreshKill() {
        // Long enough to be hit.
        outreach_.subject.inject({.path = "/oauth/token", .times = 1'000'000, .delay = 5ms});
    }

    server_process start_asking() {
        return server_process{
            {.arguments = {"/proc/self/exe", child_word, outreach_.subject.base_url(), directory_.path(),
                           std::to_string(start_.time_since_epoch().count())},
             .environment = {},
             .directory = "/",
             .input = -1,
             .output = 2}};
    }

    std::size_t answered(unsigned status) const {
        const auto seen = outreach_.subject.requests();
        return static_cast<std::size_t>(std::ranges::count_if(seen, [status](const auto& one) {
            return one.target == "/oauth/token" && one.status == status;
        }));
    }

    /// Whether the server has given a new token for `held`, and nobody wrote that down. A request that was on
    /// its way when its process was killed is carried out all the same, within these milliseconds.
    bool is_lost(const store::token_record& held) {
        if (!held.refreshing_since)
            return false; // nothing was begun
        const std::string token{held.refresh_token.reveal()};
        const auto until = std::chrono::steady_clock::now() + 50ms;
        while (outreach_.subject.takes_refresh_token(token) && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(10ms); // until the answer is counted, too
        return !outreach_.subject.takes_refresh_token(token);
    }

    /// What `auth login` does once the browser is back.
    void log_in() {
        const auto redirect = outreach_.raw(
            "GET", "/oauth/authorize?response_type=code&client_id=sandbox-client&scope=tasks.read"
                   "&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback");
        const std::string to = redirect.headers.at("location");
        const std::size_t at = to.find("code=") + 5;
        access shared{configured(outreach_.subject.base_url()), directory_.path()};
        const auto& auth = std::get<settings::oauth_access>(configured_.auth);
        const std::string back = "http://127.0.0.1:9/callback";
        const grant_reply reply =
            exchange_code(shared.transport(), auth, {secret{to.substr(at, to.find('&', at) - at)}, {}, back},
                          std::chrono::steady_clock::now() + 10s);
        ASSERT_EQ(reply.what, grant_reply::kind::granted) << reply.why;
        ASSERT_EQ(save_login(shared.file(), auth, back, reply.given, std::chrono::steady_clock::now() + 10s,
                             hasty_clock(start_)()),
                  "");
    }

    running_sandbox outreach_;
    store::temporary_directory directory_;
    const settings::outreach configured_ = configured(outreach_.subject.base_url());
    const wall_time start_ = wall_now();
};

TEST_F(RefreshKill, NoLoginIsLostButWhereTheAnswerWasAndNothingWasWrittenYet) {
    constexpr int kills = 200;
    std::mt19937 random(20'260'401);
    std::uniform_int_distribution<int> moment(3'000, 160'000);
    store::token_file file{directory_.path()};
    int logins = 0;
    int interrupted = 0;
    for (int n = 0; n < kills; ++n) {
        const store::token_record held = file.read().record;
        const bool was_lost = is_lost(held);
        interrupted += held.refreshing_since ? 1 : 0;
        // Before anything is asked for the first token is in the configuration alone.
        if (n > 0 && !held.refreshing_since && !held.refresh_token.empty()) {
            ASSERT_TRUE(outreach_.subject.takes_refresh_token(std::string{held.refresh_token.reveal()}))
                << "kill " << n << ": what was given isn't in the file, and no mark says so";
        }
        const std::size_t granted_before = answered(200);
        const std::size_t refused_before = answered(400);
        server_process child = start_asking();
        std::this_thread::sleep_for(std::chrono::microseconds{moment(random)});
        const bool gave_up = !child.is_running();
        if (gave_up) {
            ASSERT_EQ(child.wait(), login_needed);
        }
        child.kill();
        const std::size_t refused = answered(400) - refused_before;
        if (refused == 0 && !gave_up)
            continue;
        // The process before was killed between the server's answer and the disk: nobody can know that token.
        ASSERT_TRUE(was_lost) << "kill " << n;
        ASSERT_EQ(answered(200), granted_before) << "kill " << n << ": nothing was given for it any more";
        ASSERT_EQ(file.read().record.refresh_token, held.refresh_token) << "kill " << n;
        ASSERT_LE(refused, 1U) << "asked once, and remembered";
        log_in();
        ++logins;
    }
    std::cout << kills << " kills, " << interrupted << " in a refresh, " << answered(200) << " grants, "
              << logins << " logins after a lost answer\n";
    EXPECT_GT(answered(200), static_cast<std::size_t>(kills) / 2);
    EXPECT_GT(interrupted, 0) << "some hit a refresh";
    EXPECT_LT(logins, kills / 4) << "only a kill within the five milliseconds can do that";
}

} // namespace
} // namespace outreachd::tests

int main(int argc, char** argv) {
    if (argc == 5 && std::string{argv[1]} == outreachd::tests::child_word)
        return outreachd::tests::ask_for_tokens(
            argv[2], argv[3], outreachd::wall_time{std::chrono::microseconds{std::stoll(argv[4])}});
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
