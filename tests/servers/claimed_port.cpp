#include "tests/servers/claimed_port.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace outreachd::test_servers {

namespace {

constexpr std::uint16_t port_min = 20000;
constexpr std::uint16_t port_max = 32000;
constexpr int tries_max = 1000;

/// Closed where another process has the claim.
handlers::descriptor claim(std::uint16_t port) {
    handlers::descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    // The zero byte before it makes the name an abstract one, which is in no directory.
    const std::string name = "outreachd-test-port-" + std::to_string(port);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(made.number(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
        made.close();
    return made;
}

bool is_unused(std::uint16_t port) {
    const handlers::descriptor probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return ::bind(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

} // namespace

claimed_port::claimed_port() {
    std::random_device any;
    std::uniform_int_distribution<int> ports{port_min, port_max};
    for (int tried = 0; tried < tries_max; ++tried) {
        number_ = static_cast<std::uint16_t>(ports(any));
        claim_ = claim(number_);
        if (claim_.is_open() && is_unused(number_))
            return;
    }
    throw std::runtime_error("the test finds no unused port from " + std::to_string(port_min) + " to " +
                             std::to_string(port_max));
}

} // namespace outreachd::test_servers
