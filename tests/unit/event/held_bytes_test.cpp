#include "daemon/event/held_bytes.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

TEST(HeldBytes, AreNoneOfAnEmptyRequest) {
    EXPECT_EQ(held_bytes({}), 0U);
}

TEST(HeldBytes, AreSeveralTimesWhatManyShortHeadersTakeOnTheirWay) {
    received_request request;
    constexpr std::size_t headers = 250;
    for (std::size_t i = 0; i < headers; ++i)
        request.headers.push_back({std::string(16, 'n'), std::string(16, 'v')});
    EXPECT_GE(held_bytes(request), headers * (sizeof(header) + 2 * 32));
}

TEST(HeldBytes, AreMoreThanTheBytesOfEachPart) {
    constexpr std::size_t bytes = 1000;
    const std::string text(bytes, 'x');
    received_request request;
    std::size_t before = 0;
    const auto grows = [&] {
        const std::size_t now = held_bytes(request);
        return now - std::exchange(before, now) >= bytes;
    };
    request.body = text;
    EXPECT_TRUE(grows());
    request.content_type = text;
    EXPECT_TRUE(grows());
    request.outreach_event_id = text;
    EXPECT_TRUE(grows());
    request.cleanup_token = secret{text};
    EXPECT_TRUE(grows());
    request.signatures.push_back(text);
    EXPECT_TRUE(grows());
    request.headers.push_back({text, {}});
    EXPECT_TRUE(grows());
    request.headers.push_back({{}, text});
    EXPECT_TRUE(grows());
}

} // namespace
} // namespace outreachd
