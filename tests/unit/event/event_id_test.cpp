/// Event ids are UUIDv7, delivery ids UUIDv5: their bits, their times, their text.
#include "daemon/event/event_id.hpp"

#include <gtest/gtest.h>

#include <set>

namespace outreachd {
namespace {

constexpr const char* some_id = "0190163d-8694-739b-aea5-966c26f8ad91";

wall_time at_millis(std::int64_t millis) {
    return wall_time{std::chrono::milliseconds{millis}};
}

TEST(EventId, HasTheVersionAndVariantOfUuid7) {
    for (int i = 0; i < 1000; ++i) {
        const std::string text = to_string(make_event_id(wall_now()));
        EXPECT_EQ(text[14], '7') << text;
        EXPECT_NE(std::string{"89ab"}.find(text[19]), std::string::npos) << text;
    }
}

TEST(EventId, CarriesItsTimeToTheMillisecond) {
    const wall_time time = at_millis(1'795'249'375'123) + std::chrono::microseconds{999};
    EXPECT_EQ(time_of(make_event_id(time)), at_millis(1'795'249'375'123));
    EXPECT_EQ(time_of(make_event_id(at_millis(0))), at_millis(0));
}

TEST(EventId, TakesATimeBeforeTheEpochAsTheEpoch) {
    EXPECT_EQ(time_of(make_event_id(at_millis(-5))), at_millis(0));
}

TEST(EventId, SortsByTime) {
    EXPECT_LT(make_event_id(at_millis(1'000)), make_event_id(at_millis(1'001)));
    EXPECT_LT(make_event_id(at_millis(0xFFFF'FFFF)), make_event_id(at_millis(0x1'0000'0000)));
}

TEST(EventId, DiffersWithinOneMillisecond) {
    std::set<event_id> ids;
    for (int i = 0; i < 100'000; ++i)
        ids.insert(make_event_id(at_millis(1'000)));
    EXPECT_EQ(ids.size(), 100'000U);
}

TEST(EventId, SurvivesItsText) {
    const event_id id = make_event_id(wall_now());
    EXPECT_EQ(parse_event_id(to_string(id)), id);
    EXPECT_EQ(to_string(parse_event_id(some_id).value()), some_id);
    EXPECT_EQ(parse_event_id("0190163D-8694-739B-AEA5-966C26F8AD91"), parse_event_id(some_id));
}

TEST(EventId, RefusesOtherTexts) {
    for (const char* text : {
             "",
             "0190163d8694739baea5966c26f8ad91",
             "0190163d-8694-739b-aea5-966c26f8ad9",
             "0190163d-8694-739b-aea5-966c26f8ad911",
             "{0190163d-8694-739b-aea5-966c26f8ad91}",
             "0190163d-8694-739b-aea5-966c26f8ad9g",
             "0190163d-8694-739b-aea5_966c26f8ad91",
             "0190163d-86947-39b-aea5-966c26f8ad91",
             " 190163d-8694-739b-aea5-966c26f8ad91",
             "0190163d-8694-739b-aea5-966c26f8ad9\xC3",
         })
        EXPECT_FALSE(parse_event_id(text)) << text;
}

TEST(DeliveryId, IsTheUuid5OfEventAndHandler) {
    const event_id event = parse_event_id(some_id).value();
    EXPECT_EQ(to_string(delivery_id(event, "crm")), "4e13aeb4-d41a-5c32-a66b-b2d51a3a87d2");
    EXPECT_EQ(to_string(delivery_id(event, "audit")), "80bf50c4-fcfc-52bb-b739-7d75b05418bb");
    EXPECT_EQ(to_string(delivery_id(event, "crm", 1)), "ddc27838-c6c9-5846-ad2f-ba1c672b4d66");
}

TEST(DeliveryId, DiffersByEventHandlerAndReplay) {
    const event_id event = parse_event_id(some_id).value();
    const event_id other = make_event_id(wall_now());
    EXPECT_EQ(delivery_id(event, "crm"), delivery_id(event, "crm", 0));
    EXPECT_NE(delivery_id(event, "crm"), delivery_id(event, "crm", 1));
    EXPECT_NE(delivery_id(event, "crm", 1), delivery_id(event, "crm", 2));
    EXPECT_NE(delivery_id(event, "crm"), delivery_id(event, "audit"));
    EXPECT_NE(delivery_id(event, "crm"), delivery_id(other, "crm"));
}

TEST(RequestId, IsTheUuid5OfDeliveryAndRequest) {
    const event_id delivery = parse_event_id("4e13aeb4-d41a-5c32-a66b-b2d51a3a87d2").value();
    EXPECT_EQ(to_string(request_id(delivery, "2")), "b1eac95e-b2a3-58fc-9c37-69c0744c32b9");
    EXPECT_EQ(to_string(request_id(delivery, "2.17")), "35bd39f4-b145-5c8c-a1fb-8e69b08879af");
}

} // namespace
} // namespace outreachd
