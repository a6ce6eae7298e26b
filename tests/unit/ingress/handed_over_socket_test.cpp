/// Sockets that listen already, as systemd hands them over.
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::ingress {
namespace {

using testing::HasSubstr;

/// As somebody else has opened it, at any free port.
int listening_socket(const char* address) {
    in6_addr at{};
    const bool is_v6 = ::inet_pton(AF_INET6, address, &at) == 1;
    const int descriptor = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = at;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &v4.sin_addr);
    const auto* const where =
        is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
    EXPECT_EQ(::bind(descriptor, where, is_v6 ? sizeof v6 : sizeof v4), 0) << address;
    EXPECT_EQ(::listen(descriptor, 16), 0);
    return descriptor;
}

/// Why it can't be used; empty where it can.
std::string error_of(int descriptor, client_kind kind = client_kind::plain,
                     bool is_plaintext_wanted = false) {
    settings::listen listen;
    listen.plaintext = is_plaintext_wanted;
    try {
        const ingress_under_test server(kind, listen, descriptor);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

TEST(HandedOverSocket, IsListenedAt) {
    ingress_under_test server(client_kind::plain, {}, listening_socket("127.0.0.1"));
    const auto client = server.connect();
    client->send(signed_request("abc"));
    EXPECT_EQ(status_of(client->receive_response()), 200);
}

TEST(HandedOverSocket, SaysWhyItCannotBeUsed) {
    EXPECT_THAT(error_of(1'000'000), HasSubstr("descriptor 1000000"));
    const int not_listening = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_THAT(error_of(not_listening), HasSubstr("not a listening TCP socket"));
    ::close(not_listening);
}

/// `listen.address`, which is loopback here, says nothing of it.
TEST(HandedOverSocket, TakesPlaintextOnLoopbackAlone) {
    for (const char* const address : {"0.0.0.0", "::"}) {
        SCOPED_TRACE(address);
        const std::string error = error_of(listening_socket(address));
        EXPECT_THAT(error, HasSubstr("listen.tls: 'off' needs a loopback address"));
        EXPECT_THAT(error, HasSubstr(std::string{"listens at "} + address + " port "));
        EXPECT_THAT(error, HasSubstr("ListenStream=127.0.0.1:"));
        EXPECT_THAT(error, HasSubstr("'plaintext: true'"));
        EXPECT_EQ(error_of(listening_socket(address), client_kind::plain, true), "");
        EXPECT_EQ(error_of(listening_socket(address), client_kind::tls_1_3), "");
    }
    for (const char* const address : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"})
        EXPECT_EQ(error_of(listening_socket(address)), "") << address;
}

} // namespace
} // namespace outreachd::ingress
