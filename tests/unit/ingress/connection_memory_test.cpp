/// What one connection takes of the memory that all share, and when it gives that back, step by step.
#include "daemon/ingress/connection.hpp"
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;

/// A connection whose every step is the test's own.
class stepped_connection {
public:
    /// `age`: how long ago it was accepted.
    explicit stepped_connection(std::chrono::milliseconds age = {}) {
        store_.on_answered([answers = answers_] { answers->hand_out(); });
        opened_ = connect(client_, age);
    }

    ~stepped_connection() {
        opened_->abort();
        if (another_)
            another_->abort();
        run();
    }

    stepped_connection(const stepped_connection&) = delete;
    stepped_connection& operator=(const stepped_connection&) = delete;

    /// Another one beside it, which shares all with it.
    void connect_another() { another_ = connect(other_client_, {}); }

    services& shared() { return *shared_; }

    connection& subject() { return *opened_; }

    /// Up to where it waits for somebody else.
    void run() {
        do
            io_.restart();
        while (io_.poll() > 0);
    }

    /// `what` comes when that which is ready has, and nobody has acted upon it.
    void come_behind(std::function<void()> what) {
        asio::post(strand_, [this, what = std::move(what)] {
            std::thread([this] { io_.poll(); }).join(); // What it finds waits for the strand.
            what();
        });
        run();
    }

    /// What of `bytes` is taken at once.
    std::size_t send(std::string_view bytes) {
        boost::system::error_code ec;
        return client_.send(asio::buffer(bytes), 0, ec);
    }

    bool send_all(std::string_view bytes) {
        for (int tries = 0; !bytes.empty() && tries < 10'000; ++tries) {
            bytes.remove_prefix(send(bytes));
            run();
        }
        return bytes.empty();
    }

    /// What is taken at once of a request by the other one.
    void send_by_another(std::string_view bytes) {
        boost::system::error_code ec;
        other_client_.send(asio::buffer(bytes), 0, ec);
        run();
    }

    /// For the store, whose thread is its own, and for pauses.
    bool has_ended_or_answered(std::chrono::milliseconds at_most = 10s) {
        const auto until = std::chrono::steady_clock::now() + at_most;
        while (shared_->open.count() > 0 && metrics_.requests_total("accepted") == 0 &&
               std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(1ms);
            run();
        }
        return std::chrono::steady_clock::now() < until;
    }

    std::uint64_t answered(std::string_view outcome) const { return metrics_.requests_total(outcome); }

    bool has_stored_anything() {
        store_.stop(5s); // What it was given is committed.
        return !store_.open_reader()->events_after(0, 1, 1'000'000).value().empty();
    }

private:
    static constexpr int buffer_bytes = 4 * 1024;

    std::shared_ptr<connection> connect(tcp::socket& client, std::chrono::milliseconds age) {
        tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        client.open(tcp::v4());
        client.set_option(asio::socket_base::receive_buffer_size(buffer_bytes));
        client.connect(acceptor.local_endpoint());
        client.non_blocking(true);
        tcp_socket socket(strand_);
        acceptor.accept(socket);
        socket.set_option(asio::socket_base::send_buffer_size(buffer_bytes));
        auto opened =
            std::make_shared<connection>(shared_, std::move(socket), std::chrono::steady_clock::now() - age);
        shared_->open.add(opened);
        opened->start();
        run();
        return opened;
    }

    static settings::limits limits() {
        settings::limits made;
        made.body_bytes_max = 4 * 1024 * 1024;
        return made;
    }

    scratch_directory scratch_;
    asio::io_context io_;
    strand strand_ = asio::make_strand(io_);
    silent_observer observer_;
    store::store store_{store::options{.directory = scratch_.file("store")}, observer_};
    log::logger log_{log::level::error, log::format::text};
    metrics::metrics metrics_;
    std::shared_ptr<answer_mailbox> answers_ = std::make_shared<answer_mailbox>(io_, 1);
    std::shared_ptr<services> shared_ =
        std::make_shared<services>(limits(), test_endpoints(), nullptr, store_, metrics_, log_,
                                   quarantine_sink{}, answers_, store::answered_when::stored);
    tcp::socket client_{io_};
    tcp::socket other_client_{io_};
    std::shared_ptr<connection> opened_;
    std::shared_ptr<connection> another_;
};

/// The claim comes behind the request's last byte and before anybody has looked at that, or without it.
TEST(ConnectionMemory, WhatIsWholeGivesWayToNobody) {
    const std::string request = signed_request(std::string(20 * 1024, 'b'));
    for (const bool is_whole : {true, false}) {
        stepped_connection one(2s);
        ASSERT_TRUE(one.send_all(std::string_view{request}.substr(0, request.size() - 1)));
        ASSERT_NE(one.subject().dawdling().since(), since_mark::busy);
        if (is_whole) {
            ASSERT_EQ(one.send(std::string_view{request}.substr(request.size() - 1)), 1U);
        }
        one.come_behind(
            [&one] { one.shared().open.reset_dawdling(std::chrono::steady_clock::now(), 1, false); });
        ASSERT_TRUE(one.has_ended_or_answered());
        EXPECT_EQ(one.answered("accepted"), is_whole ? 1U : 0U);
        EXPECT_EQ(one.has_stored_anything(), is_whole);
    }
}

/// Who waits for memory would wait for the store next, and a peer tries for longest where it is kept waiting.
TEST(ConnectionMemory, ASlowSenderGivesWayUnlessItIsTheStoreThatHoldsIt) {
    const std::string request = signed_request(std::string(20 * 1024, 'b'));
    for (const bool is_held_for_store : {true, false}) {
        stepped_connection slow(2s);
        ASSERT_TRUE(slow.send_all(std::string_view{request}.substr(0, request.size() - 1)));
        body_share others(slow.shared().bodies);
        ASSERT_TRUE(
            others.hold_beside(services::bodies_bytes_min - slow.subject().would_give() + free_bytes_max));
        if (is_held_for_store)
            others.wait_for_store();
        slow.connect_another();
        slow.send_by_another(request);
        slow.has_ended_or_answered(200ms);
        EXPECT_EQ(slow.shared().open.count(), is_held_for_store ? 2U : 1U);
    }
}

TEST(ConnectionMemory, IsGivenBackBeforeTheAnswerIsRead) {
    const std::string body(20 * 1024, 'b');
    const std::string line = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const std::string requests[] = {
        "POST /none HTTP/1.1\r\nHost: h\r\n" + line,
        "POST " + std::string{test_path} + " HTTP/1.1\r\nHost: h\r\n" + signature_line("else") + line,
        "POST " + std::string{test_path} + " HTTP/1.1\r\nHost: h\r\n" + line,
    };
    for (const std::string& request : requests) {
        stepped_connection one;
        while (one.send_all(request)) {
        } // It reads no more, since nobody reads its answers.
        EXPECT_GT(one.answered("not_found") + one.answered("bad_signature") + one.answered("unsigned"), 0U);
        EXPECT_EQ(one.shared().open.count(), 1U);
        EXPECT_TRUE(one.shared().bodies.take(services::bodies_bytes_min)) << request.substr(0, 200);
    }
}

/// A chunk has been read before there is room for it, and to many of them none may be given.
TEST(ConnectionMemory, WhatHasNoRoomWaitsForItWhileThatIsLittle) {
    const std::string request = chunked_request(std::string(20 * 1024, 'b'));
    for (const bool is_little : {true, false}) {
        stepped_connection one;
        ASSERT_TRUE(one.shared().bodies.take(services::bodies_bytes_min));
        ASSERT_TRUE(is_little || one.shared().uncovered.take(services::uncovered_bytes_max));
        constexpr std::size_t first_bytes = 1000; // Or what is read next would end where the free piece does.
        ASSERT_TRUE(one.send_all(std::string_view{request}.substr(0, first_bytes)));
        ASSERT_TRUE(one.send_all(std::string_view{request}.substr(first_bytes)));
        EXPECT_EQ(one.has_ended_or_answered(300ms), !is_little);
        one.shared().bodies.give_back(services::bodies_bytes_min);
        EXPECT_TRUE(one.has_ended_or_answered());
        EXPECT_EQ(one.answered("accepted"), is_little ? 1U : 0U);
        EXPECT_EQ(one.shared().uncovered.take(services::uncovered_bytes_max), is_little) << "given back";
    }
}

TEST(ConnectionMemory, ManyShortHeadersCountForWhatTheyTake) {
    stepped_connection one;
    std::string head = "POST " + std::string{test_path} + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n";
    constexpr std::size_t headers = 200;
    for (std::size_t i = 0; i < headers; ++i)
        head += "Outreach-1234567: 1234567890123456\r\n";
    ASSERT_TRUE(one.send_all(head + "\r\n"));
    EXPECT_GE(one.subject().would_give() + free_bytes_max, headers * (sizeof(header) + 2 * 32));
}

TEST(ConnectionMemory, ASenderMakesItHoldNoMoreThanTwiceWhatItSends) {
    stepped_connection one;
    const std::string request = signed_request(std::string(4 * 1024 * 1024, 'b'));
    constexpr std::size_t stops[] = {9'000, 17'000, 40'000, 70'000, 300'000, 1'000'000};
    std::size_t sent = 0;
    for (const std::size_t bytes : stops) {
        ASSERT_TRUE(one.send_all(std::string_view{request}.substr(sent, bytes - sent)));
        sent = bytes;
        EXPECT_LE(one.subject().would_give() + free_bytes_max, 2 * sent + 4 * 1024) << sent;
        EXPECT_GE(one.subject().would_give() + free_bytes_max, sent) << sent;
    }
}

} // namespace
} // namespace outreachd::ingress
