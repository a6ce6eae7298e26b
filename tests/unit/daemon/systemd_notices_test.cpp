/// What systemd hears, at a socket of ours in its place.
#include "daemon/systemd_notices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace outreachd {
namespace {

using testing::ElementsAre;

class SystemdNotices : public testing::Test {
protected:
    SystemdNotices() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string name = "@outreachd-" + std::to_string(::getpid()); // an abstract one
        name.copy(address.sun_path, sizeof address.sun_path - 1);
        address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
        ::setenv("WATCHDOG_USEC", "60000000", 1);
    }

    ~SystemdNotices() override {
        ::unsetenv("NOTIFY_SOCKET");
        ::unsetenv("WATCHDOG_USEC");
        ::close(socket_);
    }

    std::vector<std::string> heard() const {
        std::vector<std::string> all;
        std::array<char, 512> text{};
        for (ssize_t got = 0; (got = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT)) > 0;)
            all.emplace_back(text.data(), static_cast<std::size_t>(got));
        return all;
    }

    const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    systemd_notices subject_;
};

TEST_F(SystemdNotices, TellsLifeEachTimeAndItsStatusOnce) {
    subject_.tell_life("receiving", std::nullopt);
    subject_.tell_life("receiving", std::nullopt);
    EXPECT_THAT(heard(), ElementsAre("STATUS=receiving", "WATCHDOG=1", "WATCHDOG=1"));
}

TEST_F(SystemdNotices, SaysNothingThatABrokerWouldHaveItSay) {
    subject_.tell_life("the broker says: no\nWATCHDOG=trigger\r\nMAINPID=1", std::nullopt);
    EXPECT_THAT(heard(), ElementsAre("STATUS=the broker says: no WATCHDOG=trigger  MAINPID=1", "WATCHDOG=1"));
}

/// All of a process looks dead when it wakes from the freezer.
TEST_F(SystemdNotices, CallsTheWatchdogWhereTwoLooksInARowFoundItDead) {
    subject_.tell_life("receiving", "a thread doesn't answer");
    EXPECT_THAT(heard(), ElementsAre("STATUS=a thread doesn't answer", "WATCHDOG=1"));
    subject_.tell_life("receiving", std::nullopt);
    EXPECT_THAT(heard(), ElementsAre("STATUS=receiving", "WATCHDOG=1"));
    subject_.tell_life("receiving", "a thread doesn't answer");
    EXPECT_THAT(heard(), ElementsAre("STATUS=a thread doesn't answer", "WATCHDOG=1"));
    subject_.tell_life("receiving", "a thread doesn't answer");
    EXPECT_THAT(heard(), ElementsAre("WATCHDOG=trigger"));
}

} // namespace
} // namespace outreachd
