/// The reader that the metrics are checked with finds what is wrong.
#include "tests/unit/metrics/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::testing {
namespace {

TEST(Exposition, ReadsValidText) {
    const auto all = read_exposition("# HELP a_total Things.\n# TYPE a_total counter\na_total{k=\"v\"} 2\n"
                                     "# HELP h Times.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n"
                                     "h_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n");
    EXPECT_THAT(all.problems, ::testing::IsEmpty());
    EXPECT_EQ(all.value("a_total", {{"k", "v"}}), 2);
    EXPECT_EQ(all.value("h_sum"), 4.5);
}

TEST(Exposition, FindsWhatIsWrong) {
    const std::string head = "# HELP a_total Things.\n# TYPE a_total counter\n";
    const std::string histogram = "# HELP h Times.\n# TYPE h histogram\n";

    struct {
        const char* label;
        std::string text;
    } const cases[] = {
        {"no end of line", head + "a_total 1"},
        {"no TYPE", "a_total 1\n"},
        {"no HELP", "# TYPE a_total counter\na_total 1\n"},
        {"TYPE twice", head + "# TYPE a_total counter\na_total 1\n"},
        {"HELP twice", "# HELP a_total Things.\n" + head + "a_total 1\n"},
        {"counter without _total", "# HELP a Things.\n# TYPE a counter\na 1\n"},
        {"negative counter", head + "a_total -1\n"},
        {"sample twice", head + "a_total 1\na_total 1\n"},
        {"label twice", head + "a_total{k=\"1\",k=\"2\"} 1\n"},
        {"bad label", head + "a_total{1k=\"1\"} 1\n"},
        {"label without quotes", head + "a_total{k=1} 1\n"},
        {"bad escape", head + "a_total{k=\"\\x\"} 1\n"},
        {"no value", head + "a_total \n"},
        {"bad value", head + "a_total 1x\n"},
        {"sample outside its family", head + "# HELP b B.\n# TYPE b gauge\nb 1\na_total 1\n"},
        {"no +Inf", histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"},
        {"not cumulative", histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"},
        {"bounds out of order",
         histogram +
             "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"},
        {"count differs", histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"},
        {"no count", histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\n"},
    };

    for (const auto& each : cases)
        EXPECT_THAT(read_exposition(each.text).problems, ::testing::Not(::testing::IsEmpty())) << each.label;
}

} // namespace
} // namespace outreachd::testing
