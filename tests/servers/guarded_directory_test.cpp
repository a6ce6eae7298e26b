/// That no test leaves processes or files behind, the killed ones neither.
#include "tests/servers/guarded_directory.hpp"
#include "tests/servers/leftovers.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/server_process.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::test_servers {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

template <typename Question>
bool eventually(Question is_true) {
    const auto give_up_at = std::chrono::steady_clock::now() + 60s;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > give_up_at)
            return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

/// A process that starts a broker, as a test would, with its temporary files in `directory`.
pid_t fork_test(const std::string& directory) {
    const pid_t forked = ::fork();
    if (forked != 0)
        return forked;
    ::setenv("TMPDIR", directory.c_str(), 1);
    try {
        const rabbitmq_node node;
        ::pause();
    } catch (const std::exception&) {
    }
    ::_exit(1);
}

TEST(GuardedDirectory, TakesItsProcessesAlong) {
    std::string path;
    {
        const guarded_directory directory;
        path = directory.path();
        const server_program sleeping{.arguments = {"setsid", "--fork", "sleep", "600"},
                                      .environment = {directory.mark(), "PATH=/usr/bin:/bin"},
                                      .directory = path};
        // The one that sleeps is nobody's child any more.
        EXPECT_EQ(server_process(sleeping).wait(), 0);
        EXPECT_TRUE(std::filesystem::is_directory(path));
        EXPECT_THAT(processes_naming(path), SizeIs(1));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_THAT(processes_naming(path), IsEmpty());
}

TEST(GuardedDirectory, GoesWhenTheTestIsKilledThatIsStartingABroker) {
    const guarded_directory directory;
    const pid_t test = fork_test(directory.path());
    ASSERT_GT(test, 0);
    const auto processes = [&] { return processes_naming(directory.path()); };
    const bool has_begun =
        eventually([&] { return testing::Matches(Contains(HasSubstr("beam.smp")))(processes()); });

    EXPECT_EQ(::kill(test, SIGKILL), 0);
    EXPECT_EQ(::waitpid(test, nullptr, 0), test);

    EXPECT_TRUE(has_begun);
    EXPECT_TRUE(eventually([&] { return processes().empty(); })) << testing::PrintToString(processes());
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

} // namespace
} // namespace outreachd::test_servers
