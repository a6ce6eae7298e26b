#include "daemon/event/event_reader.hpp"
#include "daemon/expression/event_view.hpp"

#include <gtest/gtest.h>

namespace outreachd::expression {
namespace {

event make_event(const std::string& body) {
    event made;
    made.id = *parse_event_id("019aa000-0000-7000-8000-000000000001");
    made.facts = read_event(body);
    made.received_at = *parse_timestamp("2026-11-21T08:22:55.123Z");
    made.endpoint = "/webhooks/outreach";
    made.source = "outreach";
    made.body = body;
    return made;
}

TEST(EventView, HoldsTheFieldsOfTheEvent) {
    const event subject =
        make_event(R"({"data":{"type":"task","id":9007199254740993},"meta":{"eventName":"task.completed",)"
                   R"("jobId":"j-1","deliveredAt":"2026-11-21T08:22:54.000Z"}})");
    const view seen = view_of(subject);
    EXPECT_EQ(seen.event,
              R"({"id":"019aa000-0000-7000-8000-000000000001","name":"task.completed","resource":"task",)"
              R"("action":"completed","resource_id":"9007199254740993","job_id":"j-1",)"
              R"("received_at":"2026-11-21T08:22:55.123Z","delivered_at":"2026-11-21T08:22:54.000Z",)"
              R"("endpoint":"/webhooks/outreach","source":"outreach"})");
    EXPECT_EQ(seen.body.data(), subject.body.data()) << "the body is borrowed";
    EXPECT_EQ(seen.steps, "{}");
    EXPECT_EQ(seen.item, "null");
}

TEST(EventView, HasNullForWhatIsNotKnown) {
    const event subject = make_event("no JSON");
    EXPECT_EQ(view_of(subject).event,
              R"({"id":"019aa000-0000-7000-8000-000000000001","name":"unknown","resource":null,)"
              R"("action":null,"resource_id":null,"job_id":null,"received_at":"2026-11-21T08:22:55.123Z",)"
              R"("delivered_at":null,"endpoint":"/webhooks/outreach","source":"outreach"})");
}

TEST(EventView, KeepsOddTextsInTheirPlace) {
    event subject = make_event("{}");
    subject.endpoint = "/a\"b\\c\n";
    EXPECT_NE(view_of(subject).event.find(R"("endpoint":"/a\"b\\c\n")"), std::string::npos)
        << view_of(subject).event;
}

} // namespace
} // namespace outreachd::expression
