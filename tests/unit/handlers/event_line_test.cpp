/// The line of JSON that the file handler writes.
#include "handlers/event_line.hpp"
#include "tests/unit/handlers/attempts.hpp"

#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

std::string line_of(const std::string& body) {
    const auto what = test::make_attempt(body);
    return event_line(*what.subject, what.delivery);
}

TEST(EventLine, HoldsTheFieldsByTheirNamesAndTheBodyAsReceived) {
    EXPECT_EQ(line_of(R"({ "data": {"type": "task", "id": 123456789012345678901234567890},
 "meta": {"eventName": "task.completed", "deliveredAt": "2026-11-21T08:22:54"} })"),
              R"({"id":"019aa000-0000-7000-8000-000000000001","name":"task.completed","resource":"task",)"
              R"("action":"completed","resource_id":"123456789012345678901234567890",)"
              R"("received_at":"2026-11-21T08:22:55.123Z","delivered_at":"2026-11-21T08:22:54.000Z",)"
              R"("endpoint":"/webhooks/outreach","source":"outreach",)"
              R"("delivery_id":"019aa000-0000-5000-8000-000000000002",)"
              R"("body":{"data":{"type":"task","id":123456789012345678901234567890},)"
              R"("meta":{"eventName":"task.completed","deliveredAt":"2026-11-21T08:22:54"}}})"
              "\n");
}

TEST(EventLine, HasNullWhereOutreachGaveNoTime) {
    EXPECT_NE(line_of("{}").find(R"("delivered_at":null)"), std::string::npos);
}

TEST(EventLine, KeepsJsonThatIsNoObjectAsJson) {
    EXPECT_NE(line_of("[1, 2]").find(R"("body":[1,2]})"), std::string::npos);
}

TEST(EventLine, KeepsOtherBytesAsBase64) {
    const auto line = line_of("\xff\nno JSON");
    EXPECT_NE(line.find(R"("body_base64":"/wpubyBKU09O"})"), std::string::npos) << line;
    EXPECT_EQ(line.find("\"body\""), std::string::npos);
}

TEST(EventLine, HasOneLineBreakAtItsEnd) {
    for (const std::string body :
         {"{\n\"a\"\r\n:\n1}", "a\nb", "", "{\"meta\":{\"eventName\":\"a\\nb.c\"}}"}) {
        const auto line = line_of(body);
        EXPECT_EQ(line.find('\n'), line.size() - 1) << body;
    }
}

} // namespace
} // namespace outreachd::handlers
