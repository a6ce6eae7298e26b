#include "daemon/store/event_row.hpp"
#include "daemon/store/file_set.hpp"
#include "daemon/store/repeat_index.hpp"
#include "daemon/store/schema.hpp"
#include "tests/unit/store/fingerprints.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

namespace outreachd::store {
namespace {

class RepeatIndex : public testing::Test {
protected:
    void SetUp() override {
        database_ = std::make_unique<database>(directory_.path() + "/index.db", open_mode::create);
        create_schema(*database_);
        index_ = std::make_unique<repeat_index>(*database_);
    }

    /// Adds numbers [from, to), a hundred to a transaction; number n is n behind the first place.
    void add(int from, int to, sequence oldest_needed = 0) {
        for (int n = from; n < to;) {
            transaction all(*database_, transaction::kind::write);
            for (int i = 0; i < 100 && n < to; ++i, ++n)
                index_->add(numbered(n), first_place_ + n);
            index_->maintain(oldest_needed);
            all.commit();
            index_->committed();
        }
    }

    void reopen() { index_ = std::make_unique<repeat_index>(*database_); }

    temporary_directory directory_;
    std::unique_ptr<database> database_;
    std::unique_ptr<repeat_index> index_;
    sequence first_place_ = 0;
};

TEST_F(RepeatIndex, FindsWhatIsInMemoryAndWhatIsInRuns) {
    add(0, 60'000); // three runs and a rest
    EXPECT_EQ(database_->read_number("SELECT count(*) FROM runs"), 3);
    for (const int n : {0, 1, 16'383, 16'384, 40'000, 59'999})
        EXPECT_EQ(index_->find(numbered(n)), n) << n;
    EXPECT_EQ(index_->find(numbered(60'000)), std::nullopt);
}

TEST_F(RepeatIndex, FindsWhatIsInRunsAfterARestartWithAndWithoutFilters) {
    add(0, 60'000);
    reopen();
    EXPECT_EQ(index_->find(numbered(5)), 5) << "no filter yet: the disk is asked";
    index_->load_filters(*database_, [] { return false; });
    EXPECT_EQ(index_->find(numbered(5)), 5);
    EXPECT_EQ(index_->find(numbered(30'000)), 30'000);
    EXPECT_EQ(index_->find(numbered(70'000)), std::nullopt);
}

TEST_F(RepeatIndex, ForgetsWhatWasRolledBack) {
    add(0, 10);
    {
        transaction all(*database_, transaction::kind::write);
        index_->add(numbered(10), 10);
        index_->add(numbered(3), 1000);
        index_->rolled_back();
    }
    EXPECT_EQ(index_->find(numbered(10)), std::nullopt);
    EXPECT_EQ(index_->find(numbered(3)), 3);
}

TEST_F(RepeatIndex, ForgetsWhatWasRolledBackBehindASeal) {
    add(0, 10);
    {
        transaction all(*database_, transaction::kind::write);
        index_->seal_everything();
        index_->add(numbered(10), 10);
        index_->rolled_back();
    }
    EXPECT_EQ(index_->find(numbered(10)), std::nullopt);
    EXPECT_EQ(index_->find(numbered(9)), 9);
}

TEST_F(RepeatIndex, WritesARunAgainWhoseCommitFailed) {
    add(0, 16'400); // begins to seal
    {
        transaction all(*database_, transaction::kind::write);
        index_->maintain(0);
        index_->rolled_back();
    }
    add(16'400, 40'000);
    reopen();
    for (int n = 0; n < 16'384; n += 97)
        ASSERT_EQ(index_->find(numbered(n)), n) << n;
}

TEST_F(RepeatIndex, RemovesRunsThatNobodyNeeds) {
    add(0, 60'000);
    add(60'000, 75'000, 40'000);
    EXPECT_EQ(database_->read_number("SELECT min(newest) >= 40000 FROM runs"), 1);
    EXPECT_EQ(index_->find(numbered(5)), std::nullopt);
    EXPECT_EQ(index_->find(numbered(50'000)), 50'000);
}

/// As after a clock that was ahead was set back: what came then is old in time all the same.
TEST_F(RepeatIndex, RemovesRunsOfPlacesThatLieAhead) {
    const wall_time now = wall_now();
    first_place_ = to_number(now + std::chrono::hours{24 * 365});
    add(0, 60'000);
    EXPECT_EQ(database_->read_number("SELECT count(*) FROM runs"), 3);
    EXPECT_EQ(index_->find(numbered(5)), first_place_ + 5);
    add(60'000, 75'000, to_number(now + std::chrono::hours{1}));
    EXPECT_EQ(database_->read_number("SELECT count(*) FROM runs"), 0);
    EXPECT_EQ(index_->find(numbered(5)), std::nullopt);
    EXPECT_EQ(index_->find(numbered(74'999)), first_place_ + 74'999) << "in no run yet";
}

TEST_F(RepeatIndex, GoesOnRemovingAfterTheLastRunFromBeforeARestart) {
    add(0, 20'000); // a run and a rest
    reopen();
    add(20'000, 45'000, 20'000); // which goes, and another comes
    EXPECT_EQ(database_->read_number("SELECT min(run) FROM runs"), 2);
    add(45'000, 90'000, 60'000);
    EXPECT_EQ(database_->read_number("SELECT min(newest) >= 60000 FROM runs"), 1);
}

TEST_F(RepeatIndex, OfAFreshFileKnowsWhatTheOlderOneHadInMemory) {
    add(0, 17'000); // some are being sealed
    database fresh(directory_.path() + "/fresh.db", open_mode::create);
    create_schema(fresh);
    repeat_index heir(fresh);
    heir.inherit(*index_);
    EXPECT_EQ(heir.find(numbered(16'999)), 16'999);
    EXPECT_EQ(heir.find(numbered(5)), index_->find(numbered(5)));
}

/// Two runs to a group.
class RepeatIndexOfSmallGroups : public RepeatIndex {
protected:
    void SetUp() override {
        RepeatIndex::SetUp();
        reopen();
    }

    void reopen() { index_ = std::make_unique<repeat_index>(*database_, 40'000); }

    std::size_t files() const { return unnamed_files(directory_.path()).size(); }

    void expect_all_of(int from, int to) {
        for (int n = from; n < to; ++n)
            ASSERT_EQ(index_->find(numbered(n)), n);
        for (int n = to; n < to + 1000; ++n)
            ASSERT_EQ(index_->find(numbered(n)), std::nullopt);
    }
};

TEST_F(RepeatIndexOfSmallGroups, KeepsOnlyTheFilterThatGrowsInMemory) {
    add(0, 40'000); // a full group, which the next run's will end, and a rest
    EXPECT_EQ(files(), 0U);
    expect_all_of(0, 40'000);
    add(40'000, 60'000);
    EXPECT_EQ(files(), 1U);
    expect_all_of(0, 60'000);
    add(60'000, 100'000);
    EXPECT_EQ(files(), 2U);
    expect_all_of(0, 100'000);
}

TEST_F(RepeatIndexOfSmallGroups, KeepsNoFilterFromBeforeARestartInMemory) {
    add(0, 100'000); // five runs, up to 82,000, and a rest of which no events tell
    reopen();
    EXPECT_EQ(files(), 0U);
    index_->load_filters(*database_, [] { return false; });
    EXPECT_EQ(files(), 3U);
    expect_all_of(0, 82'000);
}

TEST_F(RepeatIndexOfSmallGroups, GivesAFileBackWithTheLastOfItsRuns) {
    add(0, 60'000);
    ASSERT_EQ(files(), 1U);
    add(60'000, 75'000, 40'000);
    EXPECT_EQ(files(), 0U);
    expect_all_of(40'000, 75'000);
}

TEST_F(RepeatIndexOfSmallGroups, DoWithoutFilesWhereThereCanBeNone) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
    add(0, 60'000);
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(files(), 0U);
    expect_all_of(0, 60'000);
}

} // namespace
} // namespace outreachd::store
