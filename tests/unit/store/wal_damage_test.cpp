/// After a kill what isn't checkpointed yet stands in the WAL alone; then a bit of that flips.
#include "daemon/store/database.hpp"
#include "daemon/store/wal_frames.hpp"
#include "daemon/store/wal_mending.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

namespace outreachd::store {
namespace {

constexpr int count = 60;
/// Of one page: events of this size lie two or three on one.
constexpr std::size_t lost_at_most = 3;

class DamagedWal : public DamagedStoreFiles {
protected:
    /// A store that was killed: its files as they are while it runs.
    void SetUp() override {
        make_killed(count);
        database_ = read_file(file());
        wal_ = read_file(file() + "-wal");
        frames_ = (wal_.size() - wal_header_bytes) / frame_bytes;
        ASSERT_GT(frames_, std::size_t{count}) << "nothing was checkpointed";
    }

    void start_with_wal(const std::string& wal) {
        observer_.forget();
        start_from(database_);
        std::ofstream(file() + "-wal", std::ios::binary) << wal;
    }

    std::size_t place(std::size_t frame, std::size_t byte) const {
        return wal_header_bytes + frame * frame_bytes + byte;
    }

    wal_frame frame_at(std::size_t frame) const { return {wal_.substr(place(frame, 0), frame_bytes)}; }

    bool is_commit(std::size_t frame) const { return frame_at(frame).committed_pages() != 0; }

    /// The places behind each commit, and 0.
    std::vector<std::size_t> ends_of_commits() const {
        std::vector<std::size_t> ends = {0};
        for (std::size_t frame = 0; frame < frames_; ++frame)
            if (is_commit(frame))
                ends.push_back(place(frame + 1, 0));
        return ends;
    }

    std::string database_;
    std::string wal_;
    std::size_t frames_ = 0;
};

TEST_F(DamagedWal, IsReadWholeWhereItIsWhole) {
    start_with_wal(wal_);
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_FALSE(observer_.has("set_aside"));
    EXPECT_EQ(ids_in(opened).size(), std::size_t{count});
}

/// SQLite alone would go on from the damaged frame, and write over the rest.
TEST_F(DamagedWal, LosesNoCommitBehindAFlippedBit) {
    std::vector<std::size_t> places = {0, 1, 5, 9, 16, 21, 24, 30}; // of its header
    for (std::size_t frame = 0; frame + 8 < frames_; frame += 31)
        for (const std::size_t byte :
             std::initializer_list<std::size_t>{2, 7, 9, 18, 22, 24 + frame * 31 % 4096})
            places.push_back(place(frame, byte)); // page, size, salts, checksum, content
    const std::size_t header_places = places.size();
    for (std::size_t frame = 2; frame + 8 < frames_;
         frame += 37) // the checksum takes some of these for the header's
        places.push_back(place(frame, frame_header_bytes + 4 * (frame * 7 % 1024) + 3));
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::size_t at = places[i];
        SCOPED_TRACE("byte " + std::to_string(at) + " of " + std::to_string(wal_.size()));
        std::string damaged = wal_;
        damaged[at] = static_cast<char>(damaged[at] ^ 1 << (i < header_places ? at % 8 : 6 + i % 2));
        start_with_wal(damaged);
        store opened(options{.directory = directory_.path()}, observer_);
        const auto found = [&] { return ids_in(opened).size(); };
        EXPECT_TRUE(eventually([&] { return found() >= count - lost_at_most; })) << found();
        EXPECT_TRUE(observer_.has("set_aside") || found() == count);
        EXPECT_TRUE(eventually([&] {
            return std::cmp_equal(opened.accounts().unaccounted(), count - found());
        })) << opened.accounts().unaccounted()
            << " unaccounted, " << count - found() << " lost, " << opened.accounts().received << " received";
        EXPECT_FALSE(append(opened, task_body(1000)).ec);
    }
}

/// A block of the device that is gone takes the ends of two frames with it.
TEST_F(DamagedWal, LosesNoCommitBehindABlockThatIsGone) {
    for (const char filler : {'\0', '\xFF'})
        for (const std::size_t block : {0U, 1U, 20U, 41U, 80U}) {
            SCOPED_TRACE("block " + std::to_string(block) + " of " + std::to_string(filler));
            std::string damaged = wal_;
            ASSERT_LT((block + 3) * 4096, damaged.size());
            damaged.replace(block * 4096, 4096, std::string(4096, filler));
            start_with_wal(damaged);
            store opened(options{.directory = directory_.path()}, observer_);
            const auto found = [&] { return ids_in(opened).size(); };
            EXPECT_TRUE(eventually([&] { return found() >= count - 2 * lost_at_most; })) << found();
            EXPECT_TRUE(observer_.has("set_aside"));
            EXPECT_TRUE(eventually([&] { return observer_.has("carried_over"); }));
            EXPECT_EQ(static_cast<std::size_t>(opened.accounts().unaccounted()), count - found());
            EXPECT_TRUE(std::filesystem::exists(file() + ".damaged" + damaged_wal_suffix)) << "kept as found";
        }
}

/// A kill in the midst of a write, of any length: nothing behind it was ever promised.
TEST_F(DamagedWal, MayEndAnywhere) {
    for (std::size_t cut = 1; cut < 4 * frame_bytes; cut += 997) {
        SCOPED_TRACE("cut by " + std::to_string(cut));
        start_with_wal(wal_.substr(0, wal_.size() - cut));
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_FALSE(observer_.has("set_aside"));
        EXPECT_GE(ids_in(opened).size(), std::size_t{count} - 4);
    }
}

/// Its mark must not be lost with a bit of it: the commit behind it is whole.
TEST_F(DamagedWal, LosesNoWholeCommitBehindADamagedEndOfAnother) {
    std::vector<std::size_t> commits;
    for (std::size_t frame = 0; frame < frames_; ++frame)
        if (is_commit(frame))
            commits.push_back(frame);
    ASSERT_GT(commits.size(), 2U);
    std::string damaged = wal_;
    damaged[place(commits[commits.size() - 2], 2000)] ^= 1;
    start_with_wal(damaged);
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(observer_.has("set_aside"));
    EXPECT_TRUE(eventually([&] { return ids_in(opened).contains(std::to_string(count - 1)); })) << "the last";
}

/// A power cut before the last commit was flushed leaves any of its blocks, and not the others: nobody was
/// told that it is stored, and the pieces mustn't be laid over what was.
TEST_F(DamagedWal, IsNotMendedByWhatAPowerCutLeftOfTheLastCommit) {
    const auto ends = ends_of_commits();
    ASSERT_GT(ends.size(), 3U);
    for (std::size_t block = ends[ends.size() - 2] / 4096 + 1; block < wal_.size() / 4096; ++block) {
        SCOPED_TRACE("block " + std::to_string(block));
        std::string torn = wal_;
        torn.replace(block * 4096, 4096, std::string(4096, '\0'));
        start_with_wal(torn);
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_FALSE(observer_.has("set_aside"));
        EXPECT_GE(ids_in(opened).size(), count - 1U);
    }
}

/// SQLite writes over them from their beginning; what stayed would pass for a commit behind the next one, and
/// that for flushed, though a second power cut tore it.
TEST_F(DamagedWal, IsRidOfThePiecesBehindTheLastCommit) {
    const auto ends = ends_of_commits();
    ASSERT_GT(ends.size(), 3U);
    const std::size_t last_whole = ends[ends.size() - 2];
    std::string torn = wal_;
    torn.replace(last_whole + frame_header_bytes, 100, std::string(100, '\0'));
    start_with_wal(torn);
    EXPECT_FALSE(mend_wal(file()));
    EXPECT_TRUE(read_file(file() + "-wal") == wal_.substr(0, last_whole));
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_FALSE(observer_.has("set_aside"));
    EXPECT_GE(ids_in(opened).size(), count - 1U);
}

/// What an earlier round of the WAL, or a transaction that was given up, has left behind its end.
TEST_F(DamagedWal, IsNotMendedByWhatAnEarlierRoundLeft) {
    std::string leftovers = wal_;
    std::size_t first = frames_ / 2; // behind a commit
    while (!is_commit(first - 1))
        ++first;
    for (std::size_t frame = first; frame < frames_; ++frame) {
        char& counted = leftovers[place(frame, 11)];
        counted = static_cast<char>(counted + 1);
        for (std::size_t random = 12; random < 16; ++random)
            leftovers[place(frame, random)] = static_cast<char>(leftovers[place(frame, random)] ^ 0x5A);
    }
    start_with_wal(leftovers);
    EXPECT_FALSE(mend_wal(file()));
    EXPECT_TRUE(read_file(file() + "-wal") == leftovers);
}

/// The table's first page is newest in the WAL, and leads to all others.
TEST_F(DamagedWal, LosesNoEventWithTheRootOfTheirTable) {
    std::uint32_t root = 0;
    {
        start_with_wal({});
        database look(file(), open_mode::read);
        root = static_cast<std::uint32_t>(
            look.read_number("SELECT rootpage FROM sqlite_schema WHERE name='events'"));
    }
    std::size_t last = 0;
    for (std::size_t frame = 0; frame + 8 < frames_; ++frame)
        if (frame_at(frame).page() == root)
            last = frame;
    ASSERT_GT(last, 0U);
    std::string damaged = wal_;
    damaged.replace(place(last, frame_header_bytes), 4096, std::string(4096, '\xFF'));
    start_with_wal(damaged);
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over"); }));
    EXPECT_EQ(ids_in(opened).size(), std::size_t{count});
    EXPECT_EQ(opened.accounts().unaccounted(), 0);
}

TEST_F(DamagedWal, IsAllThatIsLeft) {
    start_with_wal(wal_);
    std::filesystem::resize_file(file(), 0);
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(observer_.has("set_aside"));
    EXPECT_TRUE(eventually([&] { return ids_in(opened).size() == std::size_t{count}; }))
        << "none was elsewhere";
}

/// The second start finds a WAL that is whole, and mustn't trust the file all the same.
TEST_F(DamagedWal, IsNotTrustedByTheStartAfterTheMending) {
    std::string damaged = wal_;
    damaged[place(frames_ / 2, 100)] ^= 1;
    start_with_wal(damaged);
    EXPECT_TRUE(mend_wal(file()));
    EXPECT_TRUE(read_file(file() + damaged_wal_suffix) == damaged) << "kept as it was found";
    const std::string mended = read_file(file() + "-wal");
    std::filesystem::remove(file() + "-wal"); // as a crash between the two steps leaves it
    EXPECT_TRUE(mend_wal(file()));
    EXPECT_TRUE(read_file(file() + "-wal") == mended);
    EXPECT_TRUE(mend_wal(file()));
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(observer_.has("set_aside"));
}

} // namespace
} // namespace outreachd::store
