#include "tests/unit/outreach_client/oauth_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using kind = token_reply::kind;

TEST(OauthTokens, TradesTheFirstRefreshTokenForTheNextPair) {
    oauth_under_test test;
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    const auto requests = test.endpoint.server.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].line, "POST /oauth/token HTTP/1.1");
    EXPECT_EQ(requests[0].headers.at("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(requests[0].body, "grant_type=refresh_token&client_id=the%20client&client_secret=client-secret-"
                                "planted&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&"
                                "refresh_token=refresh-planted-0");
    const store::token_record kept = test.file.read().record;
    EXPECT_EQ(kept.refresh_token.reveal(), "refresh-planted-1");
    EXPECT_EQ(kept.access_token.reveal(), "access-planted-1");
    EXPECT_EQ(kept.expires_at, test.clock.now() + seconds{7200});
    EXPECT_EQ(kept.scopes, (std::vector<std::string>{"tasks.read", "prospects.all"}));
    EXPECT_FALSE(kept.refreshing_since.has_value());
}

TEST(OauthTokens, GoesOnAfterARestartWithWhatIsOnTheDisk) {
    oauth_under_test test;
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
    test.clock.advance(seconds{7200});
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-2");
    EXPECT_EQ(test.endpoint.grants, 2);
}

TEST(OauthTokens, KeepsTheRefreshTokenWhereNoNewOneComes) {
    oauth_under_test test;
    test.endpoint.instead = [](const recorded_request&) {
        return answer_of(200, R"({"access_token":"access-only"})");
    };
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-only");
    EXPECT_EQ(test.file.read().record.refresh_token.reveal(), "refresh-planted-0");
}

TEST(OauthTokens, RefreshesOnceForSixteenThreads) {
    oauth_under_test test;
    test.endpoint.instead = [&](const recorded_request& request) {
        std::this_thread::sleep_for(milliseconds{100});
        return test.endpoint.rotate(request);
    };
    const auto tokens = test.make();
    for (int round = 1; round <= 2; ++round) {
        std::atomic<int> got = 0;
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 16; ++i)
                threads.emplace_back([&] {
                    got += token_of(tokens->get(in())) == "access-planted-" + std::to_string(round) ? 1 : 0;
                });
        }
        EXPECT_EQ(got, 16);
        EXPECT_EQ(test.endpoint.grants, round);
        test.clock.advance(seconds{7200});
    }
}

TEST(OauthTokens, RefreshesOnceForAllProcesses) {
    oauth_under_test test;
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            // Of its own: connections and locks aren't inherited.
            http_transport transport{{}};
            store::token_file file{test.directory / ""};
            oauth_tokens tokens{test.configured, file, transport, test.clock.clock()};
            const token_reply reply = tokens.get(in());
            ::_exit(reply.token.reveal() == "access-planted-1" ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(test.endpoint.grants, 1);
}

TEST(OauthTokens, RenewsOnceForAllWhoseTokenWasRefused) {
    oauth_under_test test;
    const auto tokens = test.make();
    const secret first{token_of(tokens->get(in()))};
    test.clock.advance(seconds{61});
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 16; ++i)
            threads.emplace_back(
                [&] { EXPECT_EQ(token_of(tokens->renew(first, in())), "access-planted-2"); });
    }
    EXPECT_EQ(test.endpoint.grants, 2);
}

TEST(OauthTokens, AsksForOneGrantAMinute) {
    oauth_under_test test;
    const auto tokens = test.make();
    const secret first{token_of(tokens->get(in()))};
    const token_reply early = tokens->renew(first, in());
    EXPECT_EQ(early.what, kind::later);
    EXPECT_EQ(early.until, test.clock.now() + seconds{60});
    EXPECT_EQ(test.endpoint.server.requests().size(), 1U);
    test.clock.advance(seconds{60});
    EXPECT_EQ(token_of(tokens->renew(first, in())), "access-planted-2");
}

TEST(OauthTokens, RenewsBeforeTheEndAndLivesOnTheOldOneMeanwhile) {
    oauth_under_test test;
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    test.clock.advance(seconds{7200 - 299});
    test.endpoint.instead = [](const recorded_request&) { return answer_of(503, ""); };
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1") << "another process";
    EXPECT_EQ(test.endpoint.server.requests().size(), 2U) << "and no more for a minute";
    test.endpoint.behave();
    test.clock.advance(seconds{60});
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-2");
}

TEST(OauthTokens, RemembersARefusalUntilSomebodyLogsIn) {
    oauth_under_test test;
    test.configured.refresh_token = secret{"refresh-dead"};
    const token_reply refused = test.make()->get(in());
    EXPECT_EQ(refused.what, kind::needs_login);
    EXPECT_THAT(refused.why, AllOf(HasSubstr("400 invalid_grant"), HasSubstr("outreachd auth login")));
    for (int i = 0; i < 3; ++i) {
        test.clock.advance(minutes{120});
        EXPECT_EQ(test.make()->get(in()).what, kind::needs_login);
    }
    EXPECT_EQ(test.endpoint.server.requests().size(), 1U);

    const auto tokens = test.make();
    EXPECT_EQ(tokens->get(in()).what, kind::needs_login);
    const grant given{secret{"access-login"}, secret{"refresh-planted-0"}, seconds{7200}, {}};
    EXPECT_EQ(save_login(test.file, test.configured, "http://127.0.0.1:7/", given, in(), test.clock.now()),
              "");
    EXPECT_EQ(token_of(tokens->get(in())), "access-login") << "the running daemon sees it";
    test.clock.advance(seconds{7200});
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_THAT(test.endpoint.server.requests().back().body,
                HasSubstr("redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2F"));
}

/// One with more scopes: the token that is held is good for two hours, and can do less.
TEST(OauthTokens, TakesUpALoginOfAnotherProcessAtOnce) {
    oauth_under_test test;
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    store::token_file others{test.directory / ""};
    const grant given{secret{"access-login"}, secret{"refresh-login"}, seconds{7200}, {}};
    ASSERT_EQ(save_login(others, test.configured, "http://127.0.0.1:7/", given, in(), test.clock.now()), "");
    EXPECT_EQ(token_of(tokens->get(in())), "access-login");

    // What can't be read takes nothing away.
    std::ofstream(test.directory / "outreach-tokens.json") << "{";
    EXPECT_EQ(token_of(tokens->get(in())), "access-login");
    EXPECT_EQ(test.endpoint.server.requests().size(), 1U);
}

/// Between the login for what the file says now and the reload the daemon goes on, and takes nothing away.
TEST(OauthTokens, LeavesALoginAloneThatIsForAnotherConfiguration) {
    oauth_under_test test;
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    settings::oauth_access next = test.configured;
    next.client_id = "another";
    store::token_file others{test.directory / ""};
    const grant given{secret{"access-login"}, secret{"refresh-login"}, seconds{7200}, {}};
    ASSERT_EQ(save_login(others, next, "http://127.0.0.1:7/", given, in(), test.clock.now()), "");
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(others.read().record.refresh_token.reveal(), "refresh-login");
    EXPECT_EQ(test.endpoint.server.requests().size(), 1U);
}

TEST(OauthTokens, TriesAnewWhereTheConfigurationHasChanged) {
    oauth_under_test test;
    test.configured.refresh_token = secret{"refresh-dead"};
    EXPECT_EQ(test.make()->get(in()).what, kind::needs_login);
    test.configured.refresh_token = secret{"refresh-planted-0"};
    test.clock.advance(seconds{60});
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");

    // Another client can do nothing with it.
    test.configured.client_id = "another";
    test.configured.refresh_token = {};
    const token_reply none = test.make()->get(in());
    EXPECT_EQ(none.what, kind::needs_login);
    EXPECT_THAT(none.why, HasSubstr("no token of Outreach yet"));
}

TEST(OauthTokens, KeepsWhatALoginGaveWhereTheConfigurationsFirstTokenGoes) {
    oauth_under_test test;
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
    test.configured.refresh_token = {};
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
    test.configured.client_secret = secret{"rotated"};
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
}

TEST(OauthTokens, AsksAgainForWhatAKilledProcessHadAskedFor) {
    oauth_under_test test;
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
    test.mark_as_begun();
    test.clock.advance(seconds{7200});
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-2") << "the request never got there";

    test.mark_as_begun();
    test.clock.advance(seconds{7200});
    ++test.endpoint.grants; // it got there, and the new token is lost
    const token_reply lost = test.make()->get(in());
    EXPECT_EQ(lost.what, kind::needs_login);
    EXPECT_THAT(lost.why,
                AllOf(HasSubstr("a refresh begun at"), HasSubstr("was lost with it"), HasSubstr("log in")));
}

TEST(OauthTokens, KnowsWhatItMayHaveLost) {
    oauth_under_test test;
    test.endpoint.instead = [](const recorded_request&) { return scripted_answer{.is_reset = true}; };
    const auto tokens = test.make();
    const token_reply reply = tokens->get(in());
    EXPECT_EQ(reply.what, kind::later);
    EXPECT_EQ(reply.until, test.clock.now() + seconds{60}) << "it may have been a grant";
    EXPECT_TRUE(test.file.read().record.refreshing_since.has_value());
    EXPECT_EQ(test.endpoint.server.requests().size(), 1U) << "not sent twice";
    test.endpoint.behave();
    test.clock.advance(seconds{60});
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_FALSE(test.file.read().record.refreshing_since.has_value());
}

TEST(OauthTokens, SaysWhatIsWrongWithTheFile) {
    oauth_under_test test;
    std::ofstream(test.directory / "outreach-tokens.json") << R"({"refresh_token":"refresh-planted-9")";
    const token_reply damaged = test.make()->get(in());
    EXPECT_EQ(damaged.what, kind::needs_login);
    EXPECT_THAT(damaged.why, AllOf(HasSubstr("is damaged"), Not(HasSubstr("planted"))));
    EXPECT_THAT(test.endpoint.server.requests(), IsEmpty());
    std::filesystem::remove(test.directory / "outreach-tokens.json");

    // What can't be written down isn't asked for.
    std::filesystem::create_directories(test.directory / "outreach-tokens.json.new/in the way");
    const token_reply unwritable = test.make()->get(in());
    EXPECT_EQ(unwritable.what, kind::later);
    EXPECT_THAT(unwritable.why, HasSubstr("can't write"));
    EXPECT_THAT(test.endpoint.server.requests(), IsEmpty());
}

TEST(OauthTokens, UsesNoTokenBeforeItIsWrittenDown) {
    oauth_under_test test;
    const std::string in_the_way = test.directory / "outreach-tokens.json.new";
    test.endpoint.instead = [&](const recorded_request& request) {
        std::filesystem::create_directories(in_the_way + "/x"); // between the mark and the answer
        return test.endpoint.rotate(request);
    };
    const auto tokens = test.make();
    EXPECT_EQ(tokens->get(in()).what, kind::later);
    EXPECT_EQ(tokens->get(in()).what, kind::later);
    EXPECT_EQ(test.file.read().record.refresh_token.reveal(), "refresh-planted-0");
    std::filesystem::remove_all(in_the_way);
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(test.file.read().record.refresh_token.reveal(), "refresh-planted-1");
    EXPECT_EQ(test.endpoint.grants, 1);
}

TEST(OauthTokens, GetsOverAClockThatIsPutBack) {
    oauth_under_test test;
    const auto tokens = test.make();
    const secret first{token_of(tokens->get(in()))};
    test.clock.advance(-std::chrono::hours{24 * 365});
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(token_of(tokens->renew(first, in())), "access-planted-2") << "not a year later";
}

} // namespace
} // namespace outreachd::handlers::outreach
