#include "daemon/event/trace_parent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace outreachd {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TraceParent, HasTheEventsTraceAndANewSpanEachTime) {
    const event_id id = *parse_event_id("019aa000-0000-7000-8000-000000000001");
    std::set<std::string> spans;
    for (int i = 0; i < 100; ++i) {
        const std::string made = make_trace_parent(id);
        EXPECT_TRUE(std::regex_match(made, std::regex{"00-019aa00000007000800000000000000"
                                                      "1-[0-9a-f]{16}-01"}))
            << made;
        EXPECT_THAT(made, Not(HasSubstr("-0000000000000000-")));
        spans.insert(made.substr(36, 16));
    }
    EXPECT_EQ(spans.size(), 100U);
}

} // namespace
} // namespace outreachd
