/// What systemd is told, at a socket of ours in its place.
#include "tests/faults/fault_injection.hpp"
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/long_run.hpp"
#include "tests/integration/wire_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// Takes datagrams as systemd does, from a daemon whose unit has a watchdog.
class systemd_of_test {
public:
    explicit systemd_of_test(const scratch& directory) : path_(directory.at("notify")) {
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("can't bind " + path_);
        listening_ = std::thread([this] { listen(); });
    }

    ~systemd_of_test() {
        is_over_ = true;
        listening_.join();
        ::close(socket_);
    }

    systemd_of_test(const systemd_of_test&) = delete;
    systemd_of_test& operator=(const systemd_of_test&) = delete;

    std::vector<std::string> wrapper() const {
        return {"env", "NOTIFY_SOCKET=" + path_, "WATCHDOG_USEC=60000000"};
    }

    /// Line by line.
    std::vector<std::string> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }

    bool is_told(const std::string& line, std::chrono::milliseconds limit = 10s) const {
        return eventually(
            [&] {
                const auto all = told();
                return std::ranges::find(all, line) != all.end();
            },
            limit);
    }

    void forget() {
        const std::lock_guard lock(mutex_);
        told_.clear();
    }

private:
    void listen() {
        char text[4096];
        while (!is_over_) {
            pollfd waiting{socket_, POLLIN, 0};
            if (::poll(&waiting, 1, 50) <= 0)
                continue;
            const ssize_t size = ::recv(socket_, text, sizeof text, 0);
            std::istringstream lines(std::string(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
            const std::lock_guard lock(mutex_);
            for (std::string line; std::getline(lines, line);)
                told_.push_back(line);
        }
    }

    const std::string path_;
    int socket_ = -1;
    std::atomic<bool> is_over_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> told_; ///< Guarded by it.
    std::thread listening_;
};

/// Holds a thread of a process still for as long as it lives; the others run on.
class stopped_thread {
public:
    /// One of those that are called `name`.
    stopped_thread(pid_t process, const std::string& name) {
        const auto is_found = [&] { // it names itself once it runs
            for (const auto& task :
                 std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task"))
                if (read_file(task.path() / "comm") == name + "\n")
                    thread_ = std::stoi(task.path().filename().string());
            return thread_ != -1;
        };
        if (!eventually(is_found) || ::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0 ||
            ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0)
            throw std::runtime_error("a thread can't be stopped");
        int status = 0;
        ::waitpid(thread_, &status, __WALL);
    }

    ~stopped_thread() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }

    stopped_thread(const stopped_thread&) = delete;
    stopped_thread& operator=(const stopped_thread&) = delete;

private:
    pid_t thread_ = -1;
};

TEST(Systemd, IsToldOfEachStageOfTheDaemonsLife) {
    daemon_under_test daemon;
    systemd_of_test systemd(daemon.directory());
    daemon.start(systemd.wrapper());
    EXPECT_TRUE(systemd.is_told("READY=1"));
    EXPECT_TRUE(systemd.is_told("STATUS=receive and work: 0 pending, 0 dead"));
    EXPECT_TRUE(systemd.is_told("WATCHDOG=1"));
    systemd.forget();
    daemon.signal(SIGHUP);
    EXPECT_TRUE(systemd.is_told("RELOADING=1"));
    EXPECT_TRUE(systemd.is_told("READY=1"));
    EXPECT_EQ(daemon.stop(30s), 0);
    EXPECT_TRUE(systemd.is_told("STOPPING=1"));
    EXPECT_THAT(systemd.told(), Not(Contains("WATCHDOG=trigger")));
}

/// It isn't ready before it listens and its store is open.
TEST(Systemd, HearsOfNoReadinessWhereTheStoreCannotBeOpened) {
    daemon_under_test daemon;
    systemd_of_test systemd(daemon.directory());
    std::filesystem::create_directories(daemon.directory().at("store"));
    std::filesystem::create_directory(daemon.directory().at("store/events-000001.db"));
    EXPECT_THROW(daemon.start(systemd.wrapper()), std::runtime_error);
    EXPECT_THAT(systemd.told(), Not(Contains("READY=1")));
}

TEST(Systemd, IsCalledWhereAnIoThreadDoesNotAnswerAnyMore) {
    daemon_under_test daemon;
    systemd_of_test systemd(daemon.directory());
    daemon.start(systemd.wrapper());
    {
        const stopped_thread held(daemon.pid(), "io");
        EXPECT_TRUE(systemd.is_told("WATCHDOG=trigger", 15s));
        EXPECT_TRUE(systemd.is_told("STATUS=an I/O thread doesn't answer"));
    }
    daemon.kill();
}

/// A slow disk isn't a reason to die. It stalls for longer than an I/O thread may; with OUTREACHD_LONG for
/// half a minute.
TEST(Systemd, IsNotCalledWhereTheDiskStalls) {
    const std::chrono::seconds stall = is_long() ? 30s : 12s;
    daemon_under_test daemon;
    systemd_of_test systemd(daemon.directory());
    daemon.start(systemd.wrapper());
    {
        const injected_fault stalled(daemon.pid(), "fdatasync,fsync",
                                     "fdatasync,fsync:delay_enter=" +
                                         std::to_string(std::chrono::microseconds{stall}.count()));
        wire_client client(daemon.port());
        ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
        EXPECT_TRUE(eventually(
            [&] {
                return daemon.metric("outreachd_store_stalled_seconds") >
                       std::chrono::duration<double>{stall}.count() - 1.5;
            },
            stall + 10s));
        EXPECT_THAT(systemd.told(), Not(Contains("WATCHDOG=trigger")));
        systemd.forget();
        EXPECT_TRUE(systemd.is_told("WATCHDOG=1"));
    }
    EXPECT_TRUE(
        eventually([&] { return daemon.metric("outreachd_store_stalled_seconds") == 0; }, stall + 10s));
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(numbered_body(2))));
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_EQ(daemon.stop(), 0);
}

} // namespace
} // namespace outreachd::tests
