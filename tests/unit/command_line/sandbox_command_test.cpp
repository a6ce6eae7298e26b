/// What `outreachd sandbox` refuses, and what it says. That it runs is tested with the built program.
#include "tests/unit/command_line/configured.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;

TEST(SandboxCommand, RefusesOpenAddresses) {
    for (const char* const address : {"0.0.0.0", "::", "192.0.2.1", "example.com"}) {
        const command_result result = run_command({"sandbox", "--address", address});
        EXPECT_EQ(result.exit_code, 64) << address;
        EXPECT_THAT(result.err, HasSubstr("no loopback address")) << address;
        EXPECT_EQ(result.out, "") << address;
    }
}

TEST(SandboxCommand, NamesTheOptionThatIsWrong) {
    const scratch_directory scratch;
    const std::string no_key = scratch.file("key.pem", "nonsense");

    const struct {
        const char* option;
        std::string value;
    } cases[]{{"--access-token-life", "long"},
              {"--refresh-token-life", "1"},
              {"--grant-interval", "-1s"},
              {"--limit-window", "1x"},
              {"--page-size", "0"},
              {"--page-size", "1001"},
              {"--s2s-key", no_key},
              {"--port", "65536"}};

    for (const auto& each : cases) {
        const command_result result = run_command({"sandbox", each.option, each.value});
        EXPECT_EQ(result.exit_code, 64) << each.option;
        EXPECT_THAT(result.err, HasSubstr(each.option)) << each.value;
    }
}

TEST(SandboxCommand, NamesTheFileThatCannotBeRead) {
    for (const char* const option : {"--ca", "--s2s-key"}) {
        const command_result result = run_command({"sandbox", "--port", "0", option, "/nowhere.pem"});
        EXPECT_EQ(result.exit_code, 1) << option;
        EXPECT_THAT(result.err, HasSubstr("/nowhere.pem")) << option;
    }
}

TEST(SandboxCommand, NamesThePortThatIsTaken) {
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&here), size), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&here), &size), 0);
    const std::string port = std::to_string(ntohs(here.sin_port));
    const command_result result = run_command({"sandbox", "--port", port});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr(port));
    ::close(taken);
}

} // namespace
} // namespace outreachd::command_line
