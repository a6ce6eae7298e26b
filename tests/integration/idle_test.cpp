/// What the daemon costs while nothing happens.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

/// On a processor so far, of all threads that there are.
std::chrono::nanoseconds busy_time(pid_t process) {
    std::chrono::nanoseconds sum{0};
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task"))
        sum += std::chrono::nanoseconds{std::stoll(read_file(task.path() / "schedstat"))};
    return sum;
}

double resident_mib(pid_t process) {
    const std::string status = read_file("/proc/" + std::to_string(process) + "/status");
    return std::stod(status.substr(status.find("VmRSS:") + 6)) / 1024;
}

/// Of three looks the least: another program that takes the caches away isn't ours.
TEST(Idle, TakesAThousandthOfACoreAndThirtyMebibytes) {
    daemon_under_test daemon;
    daemon.start();
    {
        wire_client client(daemon.port());
        ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
        ASSERT_EQ(client.read_answer().status, 200);
    }
    ASSERT_TRUE(daemon.drained());
    double least = 1;
    for (int look = 0; look < 3 && least > 0.001; ++look) {
        const auto busy_before = busy_time(daemon.pid());
        const auto began = std::chrono::steady_clock::now();
        sleep_for(10s);
        const std::chrono::duration<double> busy = busy_time(daemon.pid()) - busy_before;
        least = std::min(least, busy / (std::chrono::steady_clock::now() - began));
    }
    std::cout << least * 100 << " % of a core, " << resident_mib(daemon.pid()) << " MiB\n";
    EXPECT_LE(least, 0.001);
    EXPECT_LE(resident_mib(daemon.pid()), 30);
}

} // namespace
} // namespace outreachd::tests
