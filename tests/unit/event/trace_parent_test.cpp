#include "daemon/event/trace_parent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace outreachd {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

event event_with(std::vector<header> headers = {}) {
    event made;
    made.id = *parse_event_id("019aa000-0000-7000-8000-000000000001");
    made.headers = std::move(headers);
    return made;
}

TEST(TraceParent, HasTheEventsTraceAndANewSpanEachTime) {
    std::set<std::string> spans;
    for (int i = 0; i < 100; ++i) {
        const std::string made = make_trace_parent(event_with());
        EXPECT_TRUE(std::regex_match(made, std::regex{"00-019aa00000007000800000000000000"
                                                      "1-[0-9a-f]{16}-01"}))
            << made;
        EXPECT_THAT(made, Not(HasSubstr("-0000000000000000-")));
        spans.insert(made.substr(36, 16));
    }
    EXPECT_EQ(spans.size(), 100U);
}

TEST(TraceParent, GoesOnWithTheTraceThatCameWithTheRequest) {
    const event subject = event_with({{"Outreach-Org-Id", "1"}, {"traceparent", given}});
    EXPECT_EQ(trace_id_of(subject), "4bf92f3577b34da6a3ce929d0e0e4736");
    const std::string made = make_trace_parent(subject);
    EXPECT_THAT(made, StartsWith("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
    EXPECT_THAT(made, Not(HasSubstr("00f067aa0ba902b7"))) << "the span is ours";
    EXPECT_THAT(made, EndsWith("-01"));
    EXPECT_TRUE(is_trace_parent(made));
}

TEST(TraceParent, IsSampledAsTheRequestWas) {
    std::string unsampled = given;
    unsampled.back() = '0';
    EXPECT_THAT(make_trace_parent(event_with({{"traceparent", unsampled}})), EndsWith("-00"));
    unsampled.back() = '2'; // a flag that level 1 doesn't know
    EXPECT_THAT(make_trace_parent(event_with({{"traceparent", unsampled}})), EndsWith("-00"));
}

TEST(TraceParent, OfALaterVersionIsUnderstood) {
    EXPECT_TRUE(
        is_trace_parent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-holds"));
    EXPECT_TRUE(is_trace_parent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    EXPECT_FALSE(is_trace_parent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what"));
}

class BrokenTraceParent : public testing::TestWithParam<const char*> {};

TEST_P(BrokenTraceParent, IsNone) {
    EXPECT_FALSE(is_trace_parent(GetParam()));
    EXPECT_EQ(trace_id_of(event_with({{"traceparent", GetParam()}})), "019aa000000070008000000000000001");
}

INSTANTIATE_TEST_SUITE_P(TraceParent, BrokenTraceParent,
                         testing::Values("", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                         "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                         "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                         "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
                                         "4bf92f3577b34da6a3ce929d0e0e4736-00-00f067aa0ba902b7-010"));

} // namespace
} // namespace outreachd
