/// Reads that fail: SQLite's words reach the observer, whoever reads.
#include "daemon/store/database.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace outreachd::store {
namespace {

class FailingReads : public testing::Test {
protected:
    void drop_table(const std::string& name) {
        database(opened_.file(), open_mode::write).execute(("DROP TABLE " + name).c_str());
    }

    bool is_told(const std::string& cause) const {
        return std::ranges::any_of(observer_.lines(), [&](const std::string& line) {
            return line.starts_with("read_failed") && line.find(cause) != std::string::npos;
        });
    }

    temporary_directory directory_;
    recording_observer observer_;
    store opened_{options{.directory = directory_.path()}, observer_};
};

TEST_F(FailingReads, ARead) {
    const auto reader = opened_.open_reader();
    drop_table("steps");
    EXPECT_EQ(reader->step_results("crm", 1).error(), errc::store_unavailable);
    EXPECT_TRUE(is_told("no such table: steps"));
}

TEST_F(FailingReads, AReaderThatCanNotBeOpened) {
    const std::string file = opened_.file();
    std::filesystem::rename(file, file + ".away");
    EXPECT_THROW(opened_.open_reader(), std::runtime_error);
    EXPECT_TRUE(is_told("unable to open database file"));
    std::filesystem::rename(file + ".away", file);
}

/// Carrying over, expiry and the age of what waits would stop without a word.
TEST_F(FailingReads, TheBackgroundsWork) {
    drop_table("deliveries");
    append(opened_, task_body(1)); // there is something to look at
    EXPECT_TRUE(eventually([&] { return is_told("no such table: deliveries"); }));
}

} // namespace
} // namespace outreachd::store
