/// The admin server: sockets, time limits, and the step from bytes to requests.
#include "daemon/admin/server.hpp"

#include "daemon/admin/large_answer.hpp"
#include "daemon/admin/reader_thread.hpp"
#include "daemon/admin/routes.hpp"
#include "daemon/admin/sockets.hpp"
#include "daemon/thread/quiet_thread.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <optional>
#include <thread>

namespace outreachd::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::size_t connections_max = 64;
constexpr std::uint32_t head_bytes_max = 8 * 1024;
/// Beast bounds the request line and the fields each alone, and to within a byte or two: a first bound only.
constexpr std::uint32_t head_slack_bytes = 64;
constexpr std::uint64_t body_bytes_max = 64 * 1024;
constexpr std::size_t buffer_bytes_max = 96 * 1024;
constexpr std::chrono::seconds request_timeout{5};
/// Each piece of an answer must go out within `write_timeout`: a large one may take as long as it moves.
constexpr std::size_t written_bytes_max = 256 * 1024;
constexpr std::chrono::seconds write_timeout{5};
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::chrono::seconds linger_timeout{1};
constexpr std::size_t linger_bytes_max = 256 * 1024;

constexpr std::string_view head_too_large = "the request's head is over 8 KiB";

constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

/// One client. All of it on the admin thread.
struct connection {
    explicit connection(tcp::socket accepted)
        : stream(std::move(accepted)), read_wait(stream.get_executor()) {}

    beast::tcp_stream stream;
    beast::flat_buffer buffer{buffer_bytes_max};
    asio::steady_timer read_wait; ///< Runs while the store is read for this client, and it is there.
    std::optional<response> read_answer;
    std::string local_address;
    /// Since when it waits for its client, to ask or to take what was said; nothing while the answer is made
    /// and begun.
    std::optional<std::chrono::steady_clock::time_point> waiting_since;
};

/// The answer to a request that couldn't be read; nothing where the client is gone or too slow.
std::optional<response> refusal_of(error_code ec) {
    if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
        ec.category() != make_error_code(http::error::end_of_stream).category())
        return std::nullopt;
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
        return error_answer(431, head_too_large);
    if (ec == http::error::body_limit)
        return error_answer(413, "the request's body is over 64 KiB");
    return error_answer(400, "the request is not HTTP/1.1 as it should be");
}

using message = http::request<http::string_body>;

std::vector<std::string> values_of(const message& from, http::field name) {
    std::vector<std::string> values;
    const auto [first, last] = from.equal_range(name);
    for (auto each = first; each != last; ++each)
        values.emplace_back(each->value());
    return values;
}

request to_request(const message& from, const std::string& local_address) {
    return {std::string{from.method_string()},
            std::string{from.target()},
            values_of(from, http::field::host),
            values_of(from, http::field::authorization),
            std::string{from[http::field::content_type]},
            local_address};
}

/// No request here needs a body. After one that has it the connection ends, so that two readers who
/// differ on where it ends can't take its bytes for a request.
bool keeps_alive(const message& from) {
    return from.keep_alive() && from.find(http::field::content_length) == from.end() &&
           from.find(http::field::transfer_encoding) == from.end();
}

} // namespace

class server::implementation {
public:
    implementation(const settings::admin& configured, const services& asked, log::logger& log)
        : log_(log), acceptor_(listen_on(io_, configured)), accept_wait_(io_),
          port_(acceptor_.local_endpoint().port()),
          routes_(asked, authorization{configured.address, configured.hosts, configured.token}),
          reader_(asked.events, log) {
        begin_accepting();
        thread_ = start_quiet_thread("admin", [this] { run(); });
    }

    ~implementation() { end_connections(); }

    implementation(const implementation&) = delete;
    implementation& operator=(const implementation&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    bool stop(steady_time until) {
        end_connections();
        return reader_.stop(until);
    }

private:
    void end_connections() {
        if (!thread_.joinable())
            return;
        asio::post(io_, [this] { close_all(); });
        thread_.join();
    }

    void run() {
        for (;;) {
            try {
                io_.run();
                return;
            } catch (const std::exception& failed) { // Want of memory, in a handler of Asio's own.
                log_.error("admin thread goes on after an exception", {{"cause", failed.what()}});
            }
        }
    }

    void begin_accepting() { spawn(accept_all(), &implementation::begin_accepting); }

    /// Starts a coroutine; an exception, for want of memory, ends it alone, and `then` follows.
    void spawn(asio::awaitable<void> started, void (implementation::*then)() = nullptr) {
        asio::co_spawn(io_, std::move(started), [this, then](const std::exception_ptr& failed) {
            if (!failed)
                return;
            try {
                std::rethrow_exception(failed);
            } catch (const std::exception& cause) {
                log_.error("admin goes on after an exception", {{"cause", cause.what()}});
            } catch (...) {
                log_.error("admin goes on after an unknown exception");
            }
            if (then && !is_stopping_)
                (this->*then)();
        });
    }

    void close_all() {
        is_stopping_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        accept_wait_.cancel();
        for (const auto& each : connections_) {
            each->stream.close();
            each->read_wait.cancel();
        }
    }

    asio::awaitable<void> accept_all() {
        bool is_failing = false;
        while (!is_stopping_) {
            auto [ec, socket] = co_await acceptor_.async_accept(awaiting);
            if (is_stopping_)
                break;
            if (ec) {
                // Out of descriptors, say. The pause keeps it from spinning; one line is enough.
                if (!std::exchange(is_failing, true))
                    log_.warn("admin can't accept connections", {{"cause", ec.message()}});
                accept_wait_.expires_after(accept_pause);
                co_await accept_wait_.async_wait(awaiting);
                continue;
            }
            if (std::exchange(is_failing, false))
                log_.info("admin accepts connections again");
            if (has_room())
                spawn(serve(std::make_shared<connection>(std::move(socket))));
        }
    }

    /// Room for one more: where there is none, the connection that has waited longest for its client gives
    /// way. False where all of them are being answered.
    bool has_room() {
        if (connections_.size() < connections_max)
            return true;
        const auto age = [](const auto& each) {
            return each->waiting_since.value_or(std::chrono::steady_clock::time_point::max());
        };
        const auto oldest = std::ranges::min_element(connections_, {}, age);
        if (!(*oldest)->waiting_since)
            return false;
        (*oldest)->stream.close();
        connections_.erase(oldest);
        return true;
    }

    asio::awaitable<void> serve(std::shared_ptr<connection> client) {
        if (is_stopping_)
            co_return;
        connections_.push_back(client);

        const struct leave {
            implementation& from;
            const std::shared_ptr<connection>& who;

            ~leave() { std::erase(from.connections_, who); }
        } afterwards{*this, client};

        error_code ec;
        client->local_address = address_text(client->stream.socket().local_endpoint(ec).address());
        while (co_await serve_one(*client) && !is_stopping_)
            continue;
        client->stream.close();
    }

    /// Reads one request and answers it. False where the connection ends.
    asio::awaitable<bool> serve_one(connection& client) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(head_bytes_max + head_slack_bytes);
        parser.body_limit(body_bytes_max);
        client.waiting_since = std::chrono::steady_clock::now();
        client.stream.expires_after(request_timeout);
        auto [ec, head_bytes] =
            co_await http::async_read_header(client.stream, client.buffer, parser, awaiting);
        if (!ec && head_bytes > head_bytes_max)
            ec = http::error::header_limit;
        if (!ec) {
            const auto [body_ec, size] =
                co_await http::async_read(client.stream, client.buffer, parser, awaiting);
            ec = body_ec;
        }
        client.waiting_since.reset();
        if (ec) {
            if (const auto refused = refusal_of(ec)) {
                std::string bytes = to_http(*refused, false, false);
                co_await send(client, std::move(bytes));
                co_await linger(client);
            }
            co_return false;
        }
        const message& read = parser.get();
        const bool stays = keeps_alive(read);
        const bool is_head = read.method() == http::verb::head;
        const request asked = to_request(read, client.local_address);
        response made = co_await answer_to(client, asked, read.version() >= 11);
        const large_answer permit{is_head ? 0 : made.body.size(), is_sending_large_};
        if (permit.is_refused())
            made = error_answer(503, "another answer of more than 1 MiB is being sent; try again later");
        std::string bytes = to_http(std::move(made), is_head, stays);
        const bool is_sent = co_await send(client, std::move(bytes));
        co_return is_sent&& stays;
    }

    asio::awaitable<response> answer_to(connection& client, const request& asked, bool needs_host) {
        if (needs_host && asked.hosts.size() != 1)
            co_return error_answer(400, "a request needs exactly one Host");
        answer made = routes_.route(asked);
        if (auto* const ready = std::get_if<response>(&made))
            co_return std::move(*ready);
        const bool is_change = asked.method == "POST";
        co_return co_await read_store(client, std::get<read_job>(std::move(made)), is_change);
    }

    asio::awaitable<response> read_store(connection& client, read_job read, bool is_change) {
        client.read_answer.reset();
        client.read_wait.expires_after(read_timeout);
        const auto wanted = std::make_shared<connection*>(&client);
        const std::weak_ptr<connection*> still_wanted{wanted};
        const bool is_queued =
            reader_.submit(std::move(read), still_wanted, [this, still_wanted](response made) {
                asio::post(io_, [still_wanted, made = std::move(made)]() mutable {
                    // The client may have given up, and be gone.
                    if (const auto waiting = still_wanted.lock()) {
                        (*waiting)->read_answer = std::move(made);
                        (*waiting)->read_wait.cancel();
                    }
                });
            });
        if (!is_queued)
            co_return error_answer(503, "too many reads of the store wait already; try again later");
        if (!is_change)
            give_up_without(client, still_wanted);
        co_await client.read_wait.async_wait(awaiting);
        error_code ignored;
        client.stream.socket().cancel(ignored); // only `give_up_without` waits for it
        if (client.read_answer)
            co_return std::move(*client.read_answer);
        co_return error_answer(503, "the store didn't answer within 8 s"); // or nobody hears it
    }

    /// A page that is left closes what it has asked: a search that waits its turn for nobody would keep the
    /// others waiting. A change is made all the same.
    static void give_up_without(connection& client, std::weak_ptr<connection*> wanted) {
        client.stream.socket().async_wait(
            tcp::socket::wait_read, [wanted = std::move(wanted)](error_code ec) {
                const auto waiting = wanted.lock();
                if (waiting && (ec || is_closed_by_peer((*waiting)->stream.socket())))
                    (*waiting)->read_wait.cancel();
            });
    }

    asio::awaitable<bool> send(connection& client, std::string bytes) {
        for (std::size_t at = 0; at < bytes.size(); at += written_bytes_max) {
            client.stream.expires_after(write_timeout);
            const auto piece =
                asio::buffer(bytes.data() + at, std::min(written_bytes_max, bytes.size() - at));
            const auto [ec, size] = co_await asio::async_write(client.stream, piece, awaiting);
            if (ec)
                co_return false;
            // From here on the client sets the pace: it takes the rest, or closes after a refusal.
            if (!client.waiting_since)
                client.waiting_since = std::chrono::steady_clock::now();
        }
        co_return true;
    }

    /// Reads on for a moment: a socket closed with bytes unread resets, and the refusal may be lost with it.
    asio::awaitable<void> linger(connection& client) {
        error_code ec;
        client.stream.socket().shutdown(tcp::socket::shutdown_send, ec);
        client.stream.expires_after(linger_timeout);
        std::array<char, 4096> scratch{};
        for (std::size_t read = 0; !ec && read < linger_bytes_max;) {
            const auto [read_ec, size] =
                co_await client.stream.async_read_some(asio::buffer(scratch), awaiting);
            ec = read_ec;
            read += size;
        }
    }

    log::logger& log_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    asio::steady_timer accept_wait_;
    std::uint16_t port_;
    bool is_stopping_ = false;                           ///< Admin thread.
    bool is_sending_large_ = false;                      ///< Admin thread.
    std::list<std::shared_ptr<connection>> connections_; ///< Admin thread. Shared with their coroutines.
    routes routes_;
    reader_thread reader_; ///< Ends before `io_`, which it posts to, and `routes_`, whose reads it runs.
    std::thread thread_;
};

server::server(const settings::admin& configured, const services& asked, log::logger& log)
    : implementation_(std::make_unique<implementation>(configured, asked, log)) {}

server::~server() = default;

std::uint16_t server::port() const noexcept {
    return implementation_->port();
}

bool server::stop(steady_time until) {
    return implementation_->stop(until);
}

} // namespace outreachd::admin
