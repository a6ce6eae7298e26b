/// What requests may hold together, and who gives way where it isn't enough.
#include "daemon/ingress/services.hpp"
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_bytes = 4 * 1024 * 1024; ///< The budget is the least that there is.
constexpr std::uint64_t large_bytes_max = services::bodies_bytes_min / 4 * 3;
static_assert(services::largest_bodies_max * largest_bytes < services::bodies_bytes_min);

/// All of a request but its body's last byte.
void send_nearly(test_client& client, std::size_t body_bytes) {
    const std::string request = signed_request(std::string(body_bytes, 'b'));
    EXPECT_TRUE(client.send(std::string_view{request}.substr(0, request.size() - 1)));
}

std::string chunked_request(const std::string& body) {
    std::string text = "POST " + std::string{test_path} +
                       " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" + signature_line(body) +
                       "\r\n";
    constexpr std::size_t chunk_bytes = 0x1000;
    for (std::size_t at = 0; at < body.size(); at += chunk_bytes)
        text += "1000\r\n" + body.substr(at, chunk_bytes) + "\r\n";
    return text + "0\r\n\r\n";
}

class HeldMemory : public testing::Test {
protected:
    static settings::listen limits() {
        settings::listen listen;
        listen.limits.body_bytes_max = largest_bytes;
        return listen;
    }

    /// Takes all that large bodies may have.
    void hold_large() {
        for (std::uint64_t i = 0; i < large_bytes_max / largest_bytes; ++i)
            hold(largest_bytes);
    }

    void hold(std::size_t body_bytes) {
        held.push_back(server.connect());
        send_nearly(*held.back(), body_bytes);
    }

    int status_for(const std::string& request) {
        const auto client = server.connect();
        return client->send(request) ? status_of(client->receive_response()) : 0;
    }

    ingress_under_test server{client_kind::plain, limits()};
    std::vector<std::unique_ptr<test_client>> held;
};

TEST_F(HeldMemory, LargeBodiesLeaveRoomForSmallOnes) {
    hold_large();
    for (int i = 0; i < 140; ++i)
        hold(2 * small_body_bytes_max); // They would take the rest.
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(status_for(signed_request(std::string(small_body_bytes_max, 's'))), 200);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 900ms) << "nobody had to give way";
}

/// Else whoever comes would wait until their 4 s are over.
TEST_F(HeldMemory, SlowSendersGiveWay) {
    const auto began = std::chrono::steady_clock::now();
    hold_large();
    for (int i = 0; i < 340; ++i)
        hold(60 * 1024);
    const std::string small(60 * 1024, 's');
    const std::string large(1024 * 1024, 'l');
    for (const std::string& request : {signed_request(small), chunked_request(small), signed_request(large),
                                       chunked_request(large), signed_request("of no size")})
        EXPECT_EQ(status_for(request), 200) << request.substr(0, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3500ms);
    EXPECT_EQ(held.front()->wait_for_end(), ending::reset);
}

} // namespace
} // namespace outreachd::ingress
