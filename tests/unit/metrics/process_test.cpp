/// The process's own figures.
#include "daemon/metrics/metrics.hpp"
#include "daemon/metrics/process.hpp"
#include "tests/unit/metrics/exposition.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace outreachd::metrics {
namespace {

const std::string behind_the_name =
    " S 1 2 3 -1 -1 4194560 5 6 7 8 1234 567 9 10 20 -5 7 0 998877 123456789 4321 18446744073709551615 1\n";

TEST(ProcessStat, ReadsItsFields) {
    const auto found = parse_process_stat("42 (outreachd)" + behind_the_name);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user_ticks, 1234U);
    EXPECT_EQ(found->system_ticks, 567U);
    EXPECT_EQ(found->threads, 7);
    EXPECT_EQ(found->start_ticks, 998'877U);
    EXPECT_EQ(found->virtual_bytes, 123'456'789U);
    EXPECT_EQ(found->resident_pages, 4321);
}

TEST(ProcessStat, NameMayHoldAnything) {
    for (const char* const name : {"a b", ") R 1 2", "((", "", "x) S 9 9 9"}) {
        const auto found = parse_process_stat("42 (" + std::string{name} + ")" + behind_the_name);
        ASSERT_TRUE(found) << name;
        EXPECT_EQ(found->threads, 7) << name;
    }
}

TEST(ProcessStat, RefusesOtherText) {
    for (const char* const text :
         {"", "42", "42 (x)", "42 (x) S", "42 (x) S ", "42 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13",
          "42 (x) S a b c d e f g h i j k l m n o p q r s t u v"})
        EXPECT_FALSE(parse_process_stat(text)) << text;
}

TEST(ProcessMetrics, AreOfThisProcess) {
    metrics subject;
    const auto all = testing::read_exposition(subject.text());
    EXPECT_GE(all.value("process_threads"), 1);
    EXPECT_GE(all.value("process_open_fds"), 3);
    EXPECT_LE(all.value("process_open_fds"), all.value("process_max_fds"));
    EXPECT_GT(all.value("process_resident_memory_bytes"), 1e6);
    EXPECT_GE(all.value("process_virtual_memory_bytes"), all.value("process_resident_memory_bytes"));
    EXPECT_GE(all.value("process_cpu_seconds_total"), 0);
    const double now =
        std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
    // The machine's start is known to the second.
    EXPECT_LE(all.value("process_start_time_seconds"), now + 2);
    EXPECT_GT(all.value("process_start_time_seconds"), now - 3600);
}

} // namespace
} // namespace outreachd::metrics
