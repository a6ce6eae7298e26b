#include "daemon/ingress/hello_guard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace outreachd::ingress {
namespace {

std::string number(std::size_t value, std::size_t bytes) {
    std::string written(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i)
        written[bytes - 1 - i] = static_cast<char>(value >> (8 * i));
    return written;
}

std::string record(char type, const std::string& payload) {
    return std::string{type} + "\x03\x01" + number(payload.size(), 2) + payload;
}

std::string message(char type, std::size_t announced, std::size_t sent) {
    return std::string{type} + number(announced, 3) + std::string(sent, '\x01');
}

constexpr char change_cipher_spec = 20;
constexpr char handshake = 22;
constexpr char application_data = 23;
constexpr char client_hello = 1;
constexpr char client_key_exchange = 16;

/// However the bytes are cut up.
bool is_taken(const std::string& bytes, bool is_tls_1_3 = true) {
    const std::span all(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    hello_guard whole;
    const bool is_taken = whole.take(all, is_tls_1_3);
    hello_guard cut;
    bool is_cut_taken = true;
    for (std::size_t i = 0; i < all.size() && is_cut_taken; ++i)
        is_cut_taken = cut.take(all.subspan(i, 1), is_tls_1_3);
    EXPECT_EQ(is_taken, is_cut_taken);
    return is_taken;
}

TEST(HelloGuard, TakesAHelloUpToItsBound) {
    constexpr std::size_t most = hello_guard::hello_bytes_max;
    EXPECT_TRUE(is_taken(record(handshake, message(client_hello, 500, 500))));
    EXPECT_TRUE(is_taken(record(handshake, message(client_hello, most, 0))));
    EXPECT_FALSE(is_taken(record(handshake, message(client_hello, most + 1, 0))));
    EXPECT_FALSE(is_taken(record(handshake, message(client_hello, 131'392, 0))));
}

TEST(HelloGuard, SeesAHeaderThatComesInSeveralRecords) {
    EXPECT_FALSE(is_taken(record(handshake, "\x01") + record(handshake, number(131'392, 3))));
    EXPECT_FALSE(is_taken(record(handshake, "") + record(handshake, message(client_hello, 131'392, 0))));
}

TEST(HelloGuard, TakesNoPartOfAMessageForAnother) {
    const std::string part(300, '\x01');
    EXPECT_TRUE(is_taken(record(handshake, message(client_hello, 600, 300)) + record(handshake, part)));
}

TEST(HelloGuard, SeesAMessageBehindAnotherInOneRecord) {
    const std::string both = message(client_hello, 300, 300) + message(client_hello, 131'392, 0);
    EXPECT_FALSE(is_taken(record(handshake, both)));
    EXPECT_FALSE(is_taken(record(handshake, both.substr(0, 200)) + record(handshake, both.substr(200))));
}

/// The one that answers a HelloRetryRequest.
TEST(HelloGuard, SeesTheSecondHello) {
    const std::string first = record(handshake, message(client_hello, 300, 300));
    const std::string second = record(handshake, message(client_hello, 131'392, 0));
    EXPECT_FALSE(is_taken(first + second));
    EXPECT_FALSE(is_taken(first + record(change_cipher_spec, "\x01") + second));
}

TEST(HelloGuard, ReadsNothingInWhatIsEncrypted) {
    const std::string random = message(client_hello, 131'392, 30);
    const std::string first = record(handshake, message(client_hello, 300, 300));
    EXPECT_TRUE(is_taken(first + record(application_data, random)));
    const std::string key = record(handshake, message(client_key_exchange, 33, 33));
    EXPECT_TRUE(
        is_taken(first + key + record(change_cipher_spec, "\x01") + record(handshake, random), false));
}

} // namespace
} // namespace outreachd::ingress
