/// A device that gives only a part of a WAL at the start: what it keeps back may be whole.
#include "daemon/store/wal_frames.hpp"
#include "daemon/store/wal_mending.hpp"
#include "tests/faults/fault_injection.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace outreachd::store {
namespace {

class UnreadableWal : public DamagedStoreFiles {};

TEST_F(UnreadableWal, IsCutNowhere) {
    make_killed(60);
    const std::string found = read_file(file() + "-wal");
    const wal_file frames(file() + "-wal");
    std::size_t last = frames.frames() / 2; // in the midst of a transaction, with commits behind it
    while (frames.read(last).committed_pages() != 0)
        ++last;
    {
        // The header, and the frames up to that one, are read before.
        const tests::injected_fault broken(::gettid(), "pread64",
                                           "pread64:error=EIO:when=" + std::to_string(last + 3) + "+",
                                           tests::traced::thread, file() + "-wal");
        EXPECT_FALSE(mend_wal(file()));
    }
    EXPECT_TRUE(read_file(file() + "-wal") == found);
    const store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_FALSE(observer_.has("set_aside"));
    EXPECT_EQ(opened.accounts().received, 60U);
}

} // namespace
} // namespace outreachd::store
