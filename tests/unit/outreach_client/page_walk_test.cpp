#include "handlers/outreach/page_walk.hpp"
#include "tests/unit/outreach_client/client_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;
using answer_kind = api_answer::kind;

std::string page_of(const std::string& data, const std::string& following) {
    return R"({"data":[)" + data + "]" +
           (following.empty() ? "}" : R"(,"links":{"next":")" + following + R"("}})");
}

TEST(OutreachPages, FollowsTheLinksToTheEnd) {
    client_under_test test;
    const std::string at = origin_of(test.server) + "/api/v2/tasks?page[after]=";
    std::atomic<bool> fails = true;
    test.script = [&](const recorded_request& request) {
        if (request.line.find("after]=b") != std::string::npos)
            return answer_of(200, page_of("3", ""));
        if (request.line.find("after]=a") != std::string::npos)
            return fails.exchange(false) ? answer_of(500, "") : answer_of(200, page_of("2", at + "b"));
        return answer_of(200, page_of("1", at + "a"));
    };
    page_walk pages{test.by(), get("/tasks")};
    EXPECT_THAT(test.server.requests(), IsEmpty()) << "lazy";
    EXPECT_EQ(pages.next(in())->body, page_of("1", at + "a"));
    EXPECT_EQ(pages.next(in())->status, 500);
    EXPECT_EQ(pages.next(in())->body, page_of("2", at + "b")) << "the same page again";
    EXPECT_EQ(pages.next_target(), at + "b");
    EXPECT_EQ(pages.next(in())->body, page_of("3", ""));
    EXPECT_FALSE(pages.next(in()).has_value());
    EXPECT_EQ(pages.pages_read(), 3U);
}

TEST(OutreachPages, EndsWhatHasNoEnd) {
    client_under_test test;
    const std::string at = origin_of(test.server) + "/api/v2/tasks?page[after]=";
    std::atomic<int> pages = 0;
    test.script = [&](const recorded_request&) {
        return answer_of(200, page_of("1", at + std::to_string(++pages)));
    };
    page_walk endless{test.by(), get("/tasks"), 5};
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(endless.next(in())->is_success());
    for (int i = 0; i < 2; ++i)
        EXPECT_THAT(endless.next(in())->problem, HasSubstr("more than 5 pages"));

    // From one page to itself, and round by several.
    for (const int length : {1, 2, 7}) {
        pages = 0;
        test.script = [&](const recorded_request&) {
            return answer_of(200, page_of("1", at + std::to_string(++pages % length)));
        };
        page_walk circle{*test.made, get(at + "0")};
        for (int i = 0; i < length; ++i)
            EXPECT_TRUE(circle.next(in())->is_success()) << i << " of " << length;
        const auto ended = circle.next(in());
        EXPECT_EQ(ended->what, answer_kind::refused) << length;
        EXPECT_THAT(ended->problem, HasSubstr("no end")) << length;
    }

    test.script = [&](const recorded_request&) {
        return answer_of(200, page_of("1", "https://evil.example/tasks"));
    };
    page_walk astray{*test.made, get("/tasks")};
    EXPECT_TRUE(astray.next(in())->is_success());
    EXPECT_THAT(astray.next(in())->problem, HasSubstr("our token doesn't go there"));
}

} // namespace
} // namespace outreachd::handlers::outreach
