/// A device that gives only a part of a WAL at the start: what it keeps back may be whole.
#include "daemon/store/wal_frames.hpp"
#include "daemon/store/wal_mending.hpp"
#include "tests/faults/fault_injection.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

#include <optional>

#include <unistd.h>

namespace outreachd::store {
namespace {

class UnreadableWal : public DamagedStoreFiles {
protected:
    /// A frame in the midst of a transaction, with commits behind it.
    static std::size_t frame_of_a_long_transaction(const std::string& wal) {
        const wal_frame_view frames{wal};
        std::size_t at = frames.count() / 2;
        while (frames.is_commit(at))
            ++at;
        return at;
    }

    struct wal_frame_view {
        const std::string& wal;

        std::size_t count() const { return (wal.size() - wal_header_bytes) / frame_bytes; }

        bool is_commit(std::size_t frame) const {
            return wal.compare(wal_header_bytes + frame * frame_bytes + 4, 4, std::string(4, '\0')) != 0;
        }
    };
};

TEST_F(UnreadableWal, IsCutNowhere) {
    make_killed(60);
    const std::string found = read_file(file() + "-wal");
    const std::size_t last = frame_of_a_long_transaction(found);
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
