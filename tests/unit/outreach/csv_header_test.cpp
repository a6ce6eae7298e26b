/// First lines of CSV files.
#include "daemon/outreach/csv_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using testing::ElementsAre;

TEST(CsvHeader, NamesTheColumns) {
    EXPECT_THAT(*read_csv_header("a,b\n1,2\n"), ElementsAre("a", "b"));
    EXPECT_THAT(*read_csv_header("a , b\r\n1,2"), ElementsAre("a", "b"));
    EXPECT_THAT(*read_csv_header("\xef\xbb\xbf\"a\"\"b\",\"c,d\ne\",\nx"), ElementsAre("a\"b", "c,d\ne", ""));
    EXPECT_THAT(*read_csv_header("a"), ElementsAre("a"));
}

TEST(CsvHeader, IsNotThere) {
    for (const char* const csv : {"", "\n1,2", "\xef\xbb\xbf", "\"open\n1,2", "  \n"})
        EXPECT_FALSE(read_csv_header(csv)) << csv;
}

TEST(CsvHeader, IsFollowedByRowsOrNot) {
    EXPECT_TRUE(has_csv_rows("a,b\n1,2"));
    EXPECT_TRUE(has_csv_rows("a\r\n\r\n1"));
    EXPECT_FALSE(has_csv_rows("a,b"));
    EXPECT_FALSE(has_csv_rows("a,b\r\n\n \n"));
    EXPECT_FALSE(has_csv_rows("\"a\nb\"\n"));
}

} // namespace
} // namespace outreachd::outreach
