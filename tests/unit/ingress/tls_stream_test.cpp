/// The stream over a real socket, against OpenSSL's own client.
#include "daemon/ingress/tls_stream.hpp"
#include "tests/unit/ingress/test_certificate.hpp"
#include "tests/unit/ingress/test_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace outreachd::ingress {
namespace {

/// What the server's side of one connection does, and tells of itself.
using behaviour = awaitable<std::string> (*)(tls_stream& stream);

awaitable<io_result> receive_some(tls_stream& stream, std::string& into, std::size_t bytes_max) {
    for (;;) {
        const io_result got = stream.try_receive(into, bytes_max);
        if (got.state != io_state::want_read && got.state != io_state::want_write)
            co_return got;
        const bool is_ready = co_await stream.wait(got.state);
        if (!is_ready)
            co_return io_result{};
    }
}

/// Sends back what comes, until the peer ends.
awaitable<std::string> echo(tls_stream& stream) {
    std::size_t all = 0;
    for (;;) {
        std::string bytes;
        const io_result got = co_await receive_some(stream, bytes, 16 * 1024);
        if (got.state != io_state::done)
            co_return std::to_string(all) + (got.state == io_state::end ? " end" : " failed");
        all += bytes.size();
        const io_state wrote = co_await stream.write_all(bytes);
        if (wrote != io_state::done)
            co_return "write failed";
    }
}

awaitable<std::string> say_and_end(tls_stream& stream) {
    co_await stream.write_all("hello");
    stream.send_end();
    co_return "";
}

awaitable<std::string> say_and_reset(tls_stream& stream) {
    co_await stream.write_all("hello");
    std::string bytes;
    co_await receive_some(stream, bytes, 16); // The peer has read.
    stream.reset();
    const io_result after = stream.try_receive(bytes, 16);
    co_return after.state == io_state::failed ? "closed" : "open";
}

awaitable<std::string> read_three_at_a_time(tls_stream& stream) {
    std::string bytes;
    std::size_t most = 0;
    while (bytes.size() < 10) {
        const io_result got = co_await receive_some(stream, bytes, 3);
        if (got.state != io_state::done)
            break;
        most = std::max(most, got.bytes);
    }
    co_return bytes + " " + std::to_string(most);
}

awaitable<std::string> write_much(tls_stream& stream) {
    const std::string much(8 * 1024 * 1024, 'x');
    const io_state wrote = co_await stream.write_all(much);
    co_return wrote == io_state::done ? "done" : "failed";
}

awaitable<std::string> cancelled_then_echo(tls_stream& stream) {
    asio::post(stream.socket().get_executor(), [&stream] { stream.cancel_wait(); });
    const bool is_ready = co_await stream.wait(io_state::want_read);
    if (is_ready)
        co_return "not cancelled";
    const std::string after = co_await echo(stream);
    co_return after;
}

/// Accepts one connection and does `what` with it.
class TlsStream : public testing::Test {
protected:
    TlsStream() : context(make_test_certificate(scratch, "server")) {
        acceptor.open(tcp::v4());
        acceptor.bind({asio::ip::address_v4::loopback(), 0});
        acceptor.listen();
        acceptor.set_option(tcp::no_delay(true));
        thread = std::thread([this] { io.run(); });
    }

    ~TlsStream() override {
        work.reset();
        io.stop();
        thread.join();
    }

    std::uint16_t port() { return acceptor.local_endpoint().port(); }

    /// What the server's side told, or how its handshake ended.
    std::future<std::string> serve(client_kind kind, behaviour what) {
        const tls_context* const tls = kind == client_kind::plain ? nullptr : &context;
        auto told = std::make_shared<std::promise<std::string>>();
        asio::co_spawn(acceptor.get_executor(), serve_one(acceptor, tls, what),
                       [told](const std::exception_ptr& thrown, std::string text) {
                           told->set_value(thrown ? "thrown" : std::move(text));
                       });
        return told->get_future();
    }

    static awaitable<std::string> serve_one(tcp_acceptor& from, const tls_context* tls, behaviour what) {
        auto [ec, socket] = co_await from.async_accept(from.get_executor(), as_result);
        if (ec)
            co_return ec.message();
        tls_stream stream(std::move(socket), tls);
        const io_state greeted = co_await stream.handshake();
        if (greeted != io_state::done)
            co_return "no handshake: " + std::string{stream.failure()};
        std::string text = co_await what(stream);
        stream.close();
        co_return text;
    }

    scratch_directory scratch;
    tls_context context;
    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    tcp_acceptor acceptor{asio::make_strand(io)};
    std::thread thread;
};

TEST_F(TlsStream, EchoesALargeBody) {
    const std::string sent(3 * 1024 * 1024 + 1, 'b');
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto told = serve(kind, echo);
        {
            test_client client(port(), kind);
            ASSERT_TRUE(client.is_connected());
            for (std::size_t at = 0; at < sent.size(); at += 64 * 1024) {
                const std::string_view piece = std::string_view{sent}.substr(at, 64 * 1024);
                ASSERT_TRUE(client.send(piece));
                ASSERT_EQ(client.receive(piece.size()), piece);
            }
        }
        EXPECT_EQ(told.get(), std::to_string(sent.size()) + " end");
    }
}

TEST_F(TlsStream, EchoesByteByByte) {
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto told = serve(kind, echo);
        {
            test_client client(port(), kind);
            for (const char one : std::string_view{"one byte at a time"}) {
                ASSERT_TRUE(client.send({&one, 1}));
                ASSERT_EQ(client.receive(1), std::string(1, one));
            }
        }
        EXPECT_EQ(told.get(), "18 end");
    }
}

TEST_F(TlsStream, ReadsARecordInPieces) {
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto told = serve(kind, read_three_at_a_time);
        test_client client(port(), kind);
        ASSERT_TRUE(client.send("0123456789"));
        EXPECT_EQ(told.get(), "0123456789 3");
    }
}

TEST_F(TlsStream, WritesMoreThanTheSocketHolds) {
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto told = serve(kind, write_much);
        test_client client(port(), kind);
        EXPECT_EQ(client.receive(8 * 1024 * 1024).size(), 8U * 1024 * 1024);
        EXPECT_EQ(told.get(), "done");
    }
}

TEST_F(TlsStream, EndsWithCloseNotify) {
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto told = serve(kind, say_and_end);
        test_client client(port(), kind);
        EXPECT_EQ(client.receive(5), "hello");
        EXPECT_EQ(client.wait_for_end(), ending::closed);
        told.get();
    }
}

TEST_F(TlsStream, ResetsWithoutAnAlertAndIsNotUsedAfter) {
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto told = serve(kind, say_and_reset);
        test_client client(port(), kind);
        EXPECT_EQ(client.receive(5), "hello");
        client.send("x");
        EXPECT_EQ(client.wait_for_end(), ending::reset);
        EXPECT_EQ(told.get(), "closed");
    }
}

TEST_F(TlsStream, StaysUsableAfterACancelledWait) {
    auto told = serve(client_kind::tls_1_3, cancelled_then_echo);
    {
        test_client client(port(), client_kind::tls_1_3);
        ASSERT_TRUE(client.send("still here"));
        EXPECT_EQ(client.receive(10), "still here");
    }
    EXPECT_EQ(told.get(), "10 end");
}

TEST_F(TlsStream, TakesSomeChangesOfKeys) {
    auto told = serve(client_kind::tls_1_3, echo);
    {
        test_client client(port(), client_kind::tls_1_3);
        for (int i = 0; i < 20; ++i) {
            ASSERT_TRUE(client.update_keys(1));
            ASSERT_TRUE(client.send("x"));
            ASSERT_EQ(client.receive(1), "x");
        }
    }
    EXPECT_EQ(told.get(), "20 end");
}

TEST_F(TlsStream, EndsAConnectionThatOnlyChangesKeys) {
    auto told = serve(client_kind::tls_1_3, echo);
    test_client client(port(), client_kind::tls_1_3);
    client.update_keys(100); // Without a byte, and without an end.
    ASSERT_EQ(told.wait_for(std::chrono::seconds{10}), std::future_status::ready);
    EXPECT_EQ(told.get(), "0 end");
}

TEST_F(TlsStream, ResumesASession) {
    for (const client_kind kind : {client_kind::tls_1_2, client_kind::tls_1_3}) {
        SCOPED_TRACE(static_cast<int>(kind));
        auto first_told = serve(kind, echo);
        test_client::session session{nullptr, nullptr};
        {
            test_client first(port(), kind);
            EXPECT_FALSE(first.is_resumed());
            first.send("x");
            first.receive(1); // The ticket has come before it.
            session = first.take_session();
        }
        first_told.get();
        auto second_told = serve(kind, echo);
        {
            test_client second(port(), kind, session.get());
            ASSERT_TRUE(second.is_connected());
            EXPECT_TRUE(second.is_resumed());
        }
        second_told.get();
    }
}

TEST_F(TlsStream, ChoosesHttp11) {
    auto told = serve(client_kind::tls_1_3, echo);
    {
        const test_client client(port(), client_kind::tls_1_3);
        EXPECT_EQ(client.alpn(), "http/1.1");
    }
    told.get();
}

TEST_F(TlsStream, RefusesTls11) {
    auto told = serve(client_kind::tls_1_1, echo);
    {
        const test_client client(port(), client_kind::tls_1_1);
        EXPECT_FALSE(client.is_connected());
    }
    EXPECT_EQ(told.get(), "no handshake: unsupported protocol");
}

/// OpenSSL would make room for all of it at once.
TEST_F(TlsStream, RefusesAHelloThatIsAnnouncedTooLong) {
    using namespace std::string_view_literals;
    auto told = serve(client_kind::tls_1_3, echo);
    test_client client(port(), client_kind::plain);
    client.send("\x16\x03\x01\x00\x04\x01\x02\x01\x40"sv);
    ASSERT_EQ(told.wait_for(std::chrono::seconds{10}), std::future_status::ready);
    EXPECT_EQ(told.get(), "no handshake: the ClientHello is too long");
}

TEST_F(TlsStream, TakesASecondHello) {
    auto told = serve(client_kind::tls_1_3_retried, echo);
    {
        test_client client(port(), client_kind::tls_1_3_retried);
        ASSERT_TRUE(client.send("x"));
        EXPECT_EQ(client.receive(1), "x");
    }
    EXPECT_EQ(told.get(), "1 end");
}

TEST_F(TlsStream, RefusesWhatIsNotTls) {
    auto told = serve(client_kind::tls_1_3, echo);
    {
        test_client client(port(), client_kind::plain);
        client.send("POST / HTTP/1.1\r\nHost: h\r\n\r\n");
        client.wait_for_end();
    }
    EXPECT_EQ(told.get(), "no handshake: http request");
}

} // namespace
} // namespace outreachd::ingress
