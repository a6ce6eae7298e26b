/// A store that is given no threads.
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::store {
namespace {

constexpr uid_t somebody = 64'321; // no other process is this one's
constexpr int threads_of_store = 3;
#ifdef OUTREACHD_SANITIZED
constexpr int threads_of_sanitizer = 8; // more than it has
#else
constexpr int threads_of_sanitizer = 0;
#endif

enum ending : int { refused, refused_without_advice, opened };

/// The limit counts threads, and doesn't hold for root.
ending open_with_processes(rlim_t processes_max, const std::string& directory) {
    const rlimit limit{processes_max, processes_max};
    if (::setrlimit(RLIMIT_NPROC, &limit) != 0 || (::geteuid() == 0 && ::setuid(somebody) != 0))
        return opened;
    recording_observer watcher;
    try {
        const store subject{options{.directory = directory}, watcher};
    } catch (const std::runtime_error& problem) {
        const bool has_advice = std::string_view{problem.what()}.find("TasksMax=") != std::string_view::npos;
        return has_advice ? refused : refused_without_advice;
    }
    return opened;
}

TEST(StoreThreads, AreNamedWhereTheyAreNotToBeHad) {
    // Only root may become somebody whose processes can be counted; of anybody else's there is one already.
    const int had_max = ::geteuid() == 0 ? threads_of_store : 0;
    for (int had = 0; had <= had_max; ++had) {
        const temporary_directory directory;
        std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
        const pid_t child = ::fork();
        if (child == 0)
            ::_exit(open_with_processes(
                static_cast<rlim_t>(had < threads_of_store ? 1 + had : 1 + had + threads_of_sanitizer),
                directory.path()));
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status)) << "with " << had << " threads: ended by signal " << WTERMSIG(status);
        EXPECT_EQ(WEXITSTATUS(status), had < threads_of_store ? refused : opened)
            << "with " << had << " threads";
    }
}

} // namespace
} // namespace outreachd::store
