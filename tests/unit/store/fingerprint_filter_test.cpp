/// A filter in memory and in a file, with room and without.
#include "daemon/store/fingerprint_filter.hpp"
#include "tests/forbidden_calls.hpp"
#include "tests/unit/store/fingerprints.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace outreachd::store {
namespace {

constexpr int held = 100'000;

class FingerprintFilter : public testing::Test {
protected:
    FingerprintFilter() {
        for (int n = 0; n < held; ++n)
            filter_.add(numbered(n));
    }

    int claimed(int from, int to) const {
        int claims = 0;
        for (int n = from; n < to; ++n)
            claims += filter_.may_hold(numbered(n)) ? 1 : 0;
        return claims;
    }

    temporary_directory directory_;
    fingerprint_filter filter_{held};
};

TEST_F(FingerprintFilter, NeverDeniesWhatItHoldsInMemoryOrInAFile) {
    EXPECT_EQ(claimed(0, held), held);
    ASSERT_TRUE(filter_.move_to_file(directory_.path()));
    EXPECT_EQ(claimed(0, held), held);
}

TEST_F(FingerprintFilter, SeldomClaimsWhatItDoesNotHold) {
    const int in_memory = claimed(held, 2 * held);
    EXPECT_LT(in_memory, held / 200);
    ASSERT_TRUE(filter_.move_to_file(directory_.path()));
    EXPECT_EQ(claimed(held, 2 * held), in_memory) << "it is the same filter";
}

TEST_F(FingerprintFilter, LeavesMemoryForAFileWithoutAName) {
    EXPECT_TRUE(filter_.is_in_memory());
    ASSERT_TRUE(filter_.move_to_file(directory_.path()));
    EXPECT_FALSE(filter_.is_in_memory());
    EXPECT_EQ(unnamed_files(directory_.path()).size(), 1U);
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(FingerprintFilter, StaysInMemoryWhereThereCanBeNoFile) {
    EXPECT_FALSE(filter_.move_to_file(directory_.path() + "/missing"));
    EXPECT_TRUE(filter_.is_in_memory());
    EXPECT_EQ(claimed(0, held), held);
    EXPECT_LT(claimed(held, 2 * held), held / 200);
}

TEST_F(FingerprintFilter, StaysInMemoryWhereThereIsNoRoomForAllOfIt) {
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 64 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_FALSE(filter_.move_to_file(directory_.path()));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, previous);
    EXPECT_TRUE(filter_.is_in_memory());
    EXPECT_TRUE(unnamed_files(directory_.path()).empty());
    EXPECT_EQ(claimed(0, held), held);
    EXPECT_LT(claimed(held, 2 * held), held / 200);
}

/// A "no" would make a repeat an event of its own.
TEST_F(FingerprintFilter, ClaimsAllWhereItsFileCanNotBeReadOrIsNotAsItWasWritten) {
    ASSERT_TRUE(filter_.move_to_file(directory_.path()));
    const std::string file = unnamed_files(directory_.path()).at(0);
    const auto bytes = std::filesystem::file_size(file);
    std::filesystem::resize_file(file, 0);
    EXPECT_EQ(claimed(held, 2 * held), held) << "nothing is there to be read";
    std::filesystem::resize_file(file, bytes);
    EXPECT_EQ(claimed(held, 2 * held), held) << "zeros: what the device didn't take";
}

/// From now on the calling thread's file systems are ones that have no files without a name.
void forbid_unnamed_files() {
    constexpr std::uint32_t flags = 16 + 2 * 8; // in seccomp_data, the third argument's lower half
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), // the call's number comes first
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    forbid_calls(rules);
}

TEST_F(FingerprintFilter, RemovesTheNameItselfOnAFileSystemWithoutUnnamedFiles) {
    bool is_moved = false;
    std::thread([&] {
        forbid_unnamed_files();
        is_moved = filter_.move_to_file(directory_.path());
    }).join();
    ASSERT_TRUE(is_moved);
    EXPECT_FALSE(filter_.is_in_memory());
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
    EXPECT_EQ(claimed(0, held), held);
}

} // namespace
} // namespace outreachd::store
