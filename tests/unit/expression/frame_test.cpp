#include "daemon/expression/frame.hpp"

#include <gtest/gtest.h>

namespace outreachd::expression {
namespace {

constexpr std::uint64_t bytes_max = 1000;

struct encoded {
    std::string head;
    std::string payload;
};

encoded encode(frame_kind kind, const std::vector<std::string_view>& texts) {
    std::string all = frame_begin(kind, texts, 42);
    for (const std::string_view text : texts)
        all += text;
    return {all.substr(0, sizeof(frame_head)), all.substr(sizeof(frame_head))};
}

TEST(Frame, ComesBackAsItWasSent) {
    const std::vector<std::string_view> cases[] = {
        {}, {""}, {"a"}, {"", "", ""}, {"one", std::string_view{"\0\xff", 2}, "three"}};
    for (const auto& texts : cases) {
        const encoded sent = encode(frame_kind::results, texts);
        const auto head = read_frame_head(sent.head, bytes_max);
        ASSERT_TRUE(head);
        EXPECT_EQ(head->kind, frame_kind::results);
        EXPECT_EQ(head->cpu_us, 42U);
        EXPECT_EQ(read_frame_texts(*head, sent.payload), texts);
    }
}

TEST(Frame, HoldsAsMuchAsIsAllowedAndNoMore) {
    const std::string text(bytes_max - sizeof(std::uint64_t), 'x');
    EXPECT_TRUE(read_frame_head(encode(frame_kind::run, {text}).head, bytes_max));
    EXPECT_FALSE(read_frame_head(encode(frame_kind::run, {text + "x"}).head, bytes_max));
}

TEST(Frame, RefusesLengthsThatDoNotAddUp) {
    const encoded sound = encode(frame_kind::results, {"one", "two"});
    const auto head = read_frame_head(sound.head, bytes_max);
    ASSERT_TRUE(head);
    EXPECT_FALSE(read_frame_texts(*head, sound.payload + "x"));
    EXPECT_FALSE(read_frame_texts(*head, sound.payload.substr(1)));
    for (const char length : {'\0', '\2', '\4', '\7', '\x7f', '\xff'}) {
        std::string payload = sound.payload;
        payload[0] = length;
        EXPECT_FALSE(read_frame_texts(*head, payload)) << static_cast<int>(length);
        payload[7] = '\x7f'; // a length of many exabytes
        EXPECT_FALSE(read_frame_texts(*head, payload)) << static_cast<int>(length);
    }
}

TEST(Frame, RefusesHeadsThatAreNone) {
    const std::string sound = encode(frame_kind::results, {"one"}).head;
    EXPECT_FALSE(read_frame_head(sound.substr(1), bytes_max));
    EXPECT_FALSE(read_frame_head("", bytes_max));
    EXPECT_FALSE(read_frame_head(std::string(sizeof(frame_head), '\0'), bytes_max));
    EXPECT_FALSE(read_frame_head(std::string(sizeof(frame_head), '\xff'), bytes_max));
    std::string many = sound;
    many[4] = '\x7f'; // more texts than their lengths have room for
    EXPECT_FALSE(read_frame_head(many, bytes_max));
}

} // namespace
} // namespace outreachd::expression
