/// Whole lines in a file, whatever happens to the file.
#include "handlers/line_file.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <future>
#include <set>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

/// What the next syncs of this program fail with; 0: they are real.
std::atomic<int> file_sync_error = 0;
std::atomic<int> directory_sync_error = 0;

int sync_or_fail(long call, int descriptor, int error) {
    if (error == 0)
        return static_cast<int>(::syscall(call, descriptor));
    errno = error;
    return -1;
}

} // namespace

// The program's own functions stand before the C library's: a disk that fails, without a disk.
extern "C" int fdatasync(int descriptor) {
    return sync_or_fail(SYS_fdatasync, descriptor, file_sync_error);
}

extern "C" int fsync(int descriptor) {
    return sync_or_fail(SYS_fsync, descriptor, directory_sync_error);
}

namespace outreachd::handlers {
namespace {

using test::content_of;
using test::lines_of;
using test::scratch_directory;

/// Files can't grow beyond a size while it lives: a full disk that needs no disk.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes_max) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        previous_ = std::signal(SIGXFSZ, SIG_IGN);
        rlimit limited = before_;
        limited.rlim_cur = bytes_max;
        ::setrlimit(RLIMIT_FSIZE, &limited);
    }

    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, previous_);
    }

    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;

private:
    rlimit before_{};
    void (*previous_)(int) = nullptr;
};

TEST(LineFile, CreatesTheFileForItsGroupToRead) {
    const scratch_directory directory;
    const auto path = directory / "events";
    const mode_t before = ::umask(0);
    line_file lines(path, false);
    EXPECT_EQ(lines.append("one\n"), std::nullopt);
    ::umask(before);

    struct stat made {};

    ASSERT_EQ(::stat(path.c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 0777U, 0640U);
}

TEST(LineFile, AppendsBehindWhatIsThere) {
    const scratch_directory directory;
    const auto path = directory / "events";
    std::ofstream(path) << "before\n";
    line_file lines(path, true);
    EXPECT_EQ(lines.append("after\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "before\nafter\n");
}

TEST(LineFile, EndsTheTornLineOfACrashFirst) {
    const scratch_directory directory;
    const auto path = directory / "events";
    std::ofstream(path) << "whole\ntor";
    line_file lines(path, false);
    EXPECT_EQ(lines.append("next\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "whole\ntor\nnext\n");
}

TEST(LineFile, KeepsEveryLineWholeUnderManyThreads) {
    for (const bool sync_each : {false, true}) {
        SCOPED_TRACE(sync_each ? "synced" : "not synced");
        const scratch_directory directory;
        const auto path = directory / "events";
        line_file lines(path, sync_each);
        constexpr int threads = 8;
        constexpr int each = 200;
        {
            std::vector<std::jthread> writers;
            for (int thread = 0; thread < threads; ++thread)
                writers.emplace_back([&lines, thread] {
                    for (int i = 0; i < each; ++i)
                        EXPECT_EQ(lines.append(std::to_string(thread) + "." + std::to_string(i) +
                                               std::string(300, 'x') + "\n"),
                                  std::nullopt);
                });
        }
        const auto found = lines_of(path);
        std::set<std::string> distinct;
        for (const auto& line : found) {
            EXPECT_EQ(line.size() - line.find('x'), 300U);
            distinct.insert(line);
        }
        EXPECT_EQ(found.size(), static_cast<std::size_t>(threads * each));
        EXPECT_EQ(distinct.size(), found.size());
    }
}

TEST(LineFile, TakesBackALineThatDidNotFit) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, false);
    ASSERT_EQ(lines.append("first line\n"), std::nullopt);
    {
        const file_size_limit limit(20);
        const auto problem = lines.append("a second line that is too long\n");
        ASSERT_TRUE(problem);
        EXPECT_NE(problem->find(path), std::string::npos) << *problem;
        EXPECT_EQ(content_of(path), "first line\n");
    }
    EXPECT_EQ(lines.append("third\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "first line\nthird\n");
}

TEST(LineFile, SaysThatTheDiskIsFull) {
    const scratch_directory directory;
    const auto path = directory / "events";
    ASSERT_EQ(::symlink("/dev/full", path.c_str()), 0);
    line_file lines(path, false);
    const auto problem = lines.append("line\n");
    ASSERT_TRUE(problem);
    EXPECT_NE(problem->find("No space left on device; make room"), std::string::npos) << *problem;
}

TEST(LineFile, NamesThePathAndTheRemedyWhereItCanNotBeOpened) {
    const scratch_directory directory;
    const auto missing = directory / "absent/events";
    const auto problem = line_file(missing, false).append("line\n");
    ASSERT_TRUE(problem);
    EXPECT_NE(problem->find(missing + ": No such file or directory; create its directory"), std::string::npos)
        << *problem;
    const auto folder = directory / "folder";
    std::filesystem::create_directory(folder);
    EXPECT_TRUE(line_file(folder, false).append("line\n"));
}

TEST(LineFile, WritesToANewFileAfterTheOldWasMovedAway) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, false);
    ASSERT_EQ(lines.append("one\n"), std::nullopt);
    std::filesystem::rename(path, directory / "events.1");
    ASSERT_EQ(lines.append("two\n"), std::nullopt);
    EXPECT_EQ(content_of(directory / "events.1"), "one\n");
    EXPECT_EQ(content_of(path), "two\n");
}

TEST(LineFile, WritesToTheReplacementAndAfterARemoval) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, true);
    ASSERT_EQ(lines.append("one\n"), std::nullopt);
    std::ofstream(directory / "other") << "other\n";
    std::filesystem::rename(directory / "other", path);
    ASSERT_EQ(lines.append("two\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "other\ntwo\n");
    std::filesystem::remove(path);
    ASSERT_EQ(lines.append("three\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "three\n");
}

TEST(LineFile, GoesOnAfterReopenAndAfterTruncation) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, false);
    ASSERT_EQ(lines.append("one\n"), std::nullopt);
    lines.reopen();
    ASSERT_EQ(lines.append("two\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "one\ntwo\n");
    std::filesystem::resize_file(path, 0);
    ASSERT_EQ(lines.append("three\n"), std::nullopt);
    EXPECT_EQ(content_of(path), "three\n");
}

TEST(LineFile, LosesNoLineToRotationUnderWriters) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, false);
    constexpr int each = 300;
    constexpr int rotations = 20;
    {
        std::vector<std::jthread> writers;
        for (int thread = 0; thread < 4; ++thread)
            writers.emplace_back([&lines, thread] {
                for (int i = 0; i < each; ++i)
                    EXPECT_EQ(lines.append(std::to_string(thread * each + i) + "\n"), std::nullopt);
            });
        for (int i = 0; i < rotations; ++i) {
            std::error_code not_yet_there;
            std::filesystem::rename(path, directory / ("old." + std::to_string(i)), not_yet_there);
        }
    }
    std::set<std::string> distinct;
    for (const auto& line : lines_of(path))
        distinct.insert(line);
    for (int i = 0; i < rotations; ++i)
        for (const auto& line : lines_of(directory / ("old." + std::to_string(i))))
            distinct.insert(line);
    EXPECT_EQ(distinct.size(), 4U * each);
}

TEST(LineFile, ReopensWithoutWaitingForALineThatTheDiskHolds) {
    using namespace std::chrono_literals;
    const scratch_directory directory;
    const auto path = directory / "events";
    // Opening a pipe that nobody reads hangs, as a dead network file system does.
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    line_file lines(path, false);
    auto appended = std::async(std::launch::async, [&] { return lines.append("line\n"); });
    EXPECT_EQ(appended.wait_for(200ms), std::future_status::timeout) << "the pipe must hold the line up";
    auto reopened = std::async(std::launch::async, [&] { lines.reopen(); });
    EXPECT_EQ(reopened.wait_for(10s), std::future_status::ready);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    EXPECT_EQ(appended.get(), std::nullopt);
    reopened.get();
    ::close(reader);
}

TEST(LineFile, ReportsALineThatCouldNotBeSyncedAndOpensTheFileAnew) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, true);
    ASSERT_EQ(lines.append("one\n"), std::nullopt);
    file_sync_error = EIO;
    const auto problem = lines.append("two\n");
    file_sync_error = 0;
    ASSERT_TRUE(problem);
    EXPECT_EQ(*problem, "can't sync " + path + ": Input/output error");
    EXPECT_EQ(lines.append("two\n"), std::nullopt) << "through a new descriptor";
    EXPECT_EQ(content_of(path), "one\ntwo\ntwo\n");
}

TEST(LineFile, DoesNotSyncWhereItIsNotAskedTo) {
    const scratch_directory directory;
    line_file lines(directory / "events", false);
    file_sync_error = EIO;
    directory_sync_error = EIO;
    EXPECT_EQ(lines.append("one\n"), std::nullopt);
    file_sync_error = 0;
    directory_sync_error = 0;
}

TEST(LineFile, TakesNoLineWhileTheFilesNameIsNotOnTheDisk) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, true);
    directory_sync_error = EIO;
    for (int i = 0; i < 2; ++i) { // The second finds the file there, and its name still not safe.
        const auto problem = lines.append("line\n");
        ASSERT_TRUE(problem);
        EXPECT_EQ(*problem, "can't sync the directory of " + path + ": Input/output error");
    }
    EXPECT_EQ(content_of(path), "");
    directory_sync_error = EINVAL; // A file system without it.
    EXPECT_EQ(lines.append("line\n"), std::nullopt);
    directory_sync_error = 0;
    EXPECT_EQ(content_of(path), "line\n");
}

TEST(LineFile, SaysThatDescriptorsRanOut) {
    const scratch_directory directory;
    const auto path = directory / "events";
    line_file lines(path, false);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto problem = lines.append("line\n");
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_TRUE(problem);
    EXPECT_EQ(*problem,
              "can't open " + path +
                  ": Too many open files; raise the limit on open files (LimitNOFILE= in the unit)");
    EXPECT_EQ(lines.append("line\n"), std::nullopt);
}

} // namespace
} // namespace outreachd::handlers
