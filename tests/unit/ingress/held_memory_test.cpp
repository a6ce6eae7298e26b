/// What requests may hold together, and who gives way where it isn't enough.
#include "daemon/ingress/services.hpp"
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_bytes = 4 * 1024 * 1024; ///< The budget is the least that there is.
constexpr std::uint64_t large_bytes_max = services::bodies_bytes_min / 4 * 3;
static_assert(services::largest_bodies_max * largest_bytes < services::bodies_bytes_min);

class HeldMemory : public testing::Test {
protected:
    static settings::listen limits() {
        settings::listen listen;
        listen.limits.body_bytes_max = largest_bytes;
        return listen;
    }

    /// Takes all that large bodies may have. There is room made for the second half as soon as the first has
    /// come.
    void hold_large() { hold(large_bytes_max / largest_bytes, largest_bytes, largest_bytes / 2); }

    /// Opens so many connections, and sends on each a request but for `missing` bytes.
    void hold(std::size_t times, std::size_t body_bytes, std::size_t missing = 1) {
        const std::string request = signed_request(std::string(body_bytes, 'b'));
        for (std::size_t i = 0; i < times; ++i) {
            held.push_back(server.connect());
            EXPECT_TRUE(held.back()->send(std::string_view{request}.substr(0, request.size() - missing)));
        }
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
    hold(160, 2 * small_body_bytes_max); // They would take the rest.
    std::this_thread::sleep_for(200ms);  // For the server to read what it will; it isn't told.
    EXPECT_EQ(status_for(signed_request(std::string(small_body_bytes_max, 's'))), 200);
    for (const auto& one : held)
        EXPECT_EQ(one->wait_for_end(0ms), ending::none) << "nobody had to give way";
    EXPECT_TRUE(server.has_counted("reset", 0));
}

/// It would be in vain: what small ones hold of the part that is left to them, large ones can't have.
TEST_F(HeldMemory, LargeBodiesPushOutNoSmallOnes) {
    hold(1, small_body_bytes_max); // The first would be the first to go.
    hold_large();
    EXPECT_EQ(status_for(signed_request(std::string(largest_bytes, 'l'))), 200);
    EXPECT_EQ(held[1]->wait_for_end(), ending::reset);
    EXPECT_EQ(held[0]->wait_for_end(0ms), ending::none);
}

/// Else whoever comes would wait until their 4 s are over.
TEST_F(HeldMemory, SlowSendersGiveWay) {
    const auto began = std::chrono::steady_clock::now();
    hold_large();
    hold(340, 60 * 1024);
    const std::string small(60 * 1024, 's');
    const std::string large(1024 * 1024, 'l');
    for (const std::string& request : {signed_request(small), chunked_request(small), signed_request(large),
                                       chunked_request(large), signed_request("of no size")})
        EXPECT_EQ(status_for(request), 200) << request.substr(0, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3500ms);
    EXPECT_EQ(held.front()->wait_for_end(), ending::reset);
}

/// Where they ended sooner, Outreach's four attempts would span less time.
TEST_F(HeldMemory, WhoeverHasSentAllWaitsForTheStoreAndForRoomToItsTime) {
    server.events().stop(1s); // Every append fails from now on.
    const std::string body(1024 * 1024, 'b');
    const std::string requests[] = {signed_request(body), chunked_request(body)};
    std::vector<std::thread> clients;
    const auto come = [&](std::size_t times, const std::string& request) {
        for (std::size_t i = 0; i < times; ++i)
            clients.emplace_back([this, &request] {
                const auto began = std::chrono::steady_clock::now();
                const auto client = server.connect();
                const auto connected = std::chrono::steady_clock::now();
                client->send(request);
                EXPECT_EQ(client->wait_for_end(), ending::reset);
                EXPECT_GE(std::chrono::steady_clock::now() - began, 4s);
                EXPECT_LE(std::chrono::steady_clock::now() - connected, 4500ms);
            });
    };
    come(30, requests[0]);
    std::this_thread::sleep_for(300ms); // For the store to have them; nothing tells.
    for (const std::string& request : requests)
        come(15, request); // More than there is room for.
    for (std::thread& one : clients)
        one.join();
}

/// Each would hold a part, and none get the rest.
TEST_F(HeldMemory, WhoWaitsForRoomGivesWayWhereAllDo) {
    const auto began = std::chrono::steady_clock::now();
    const std::string request = signed_request(std::string(1024 * 1024, 'b'));
    constexpr int times = 100;
    std::latch have_begun(times + 1);
    std::vector<std::thread> clients;
    for (int i = 0; i < times; ++i)
        clients.emplace_back([this, &request, &have_begun] {
            const auto client = server.connect();
            constexpr std::size_t first_bytes = 300 * 1024; // For which there is room made for 512 KiB.
            client->send(std::string_view{request}.substr(0, first_bytes));
            have_begun.arrive_and_wait();
            std::this_thread::sleep_for(200ms); // For the server to read what it will.
            client->send(std::string_view{request}.substr(first_bytes, request.size() - first_bytes - 1));
            client->wait_for_end();
        });
    have_begun.arrive_and_wait();
    std::this_thread::sleep_for(400ms);
    EXPECT_EQ(status_for(signed_request(std::string(1024 * 1024, 'l'))), 200);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3500ms);
    for (std::thread& one : clients)
        one.join();
}

} // namespace
} // namespace outreachd::ingress
