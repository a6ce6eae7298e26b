/// Sockets, and the step from bytes to requests; what goes wrong on purpose goes wrong here.
#include "daemon/sandbox/server.hpp"

#include "daemon/sandbox/fault_answer.hpp"
#include "daemon/sandbox/loopback.hpp"
#include "daemon/text/ascii.hpp"
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
#include <future>
#include <list>
#include <stdexcept>
#include <thread>

namespace outreachd::sandbox {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t connections_max = 256;
constexpr std::uint32_t head_bytes_max = 64 * 1024;
constexpr std::uint64_t request_bytes_max = 64 * 1024 * 1024;
constexpr std::chrono::seconds request_timeout{60};
constexpr std::chrono::milliseconds accept_pause{100};

constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

using parser = http::request_parser<http::string_body>;

/// One client. All of it on the server's thread.
struct connection {
    explicit connection(tcp::socket accepted) : stream(std::move(accepted)) {}

    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    asio::steady_timer pause{stream.get_executor()};
};

/// Closes so that the client sees a reset.
void reset(connection& client) {
    error_code ignored;
    client.stream.socket().set_option(asio::socket_base::linger{true, 0}, ignored);
    client.stream.close();
}

request to_request(parser& read, const std::string& own_origin) {
    auto message = read.release();
    request made{std::string{message.method_string()},
                 std::string{message.target()},
                 {},
                 std::move(message.body()),
                 own_origin};
    for (const auto& field : message)
        made.headers.emplace(to_lower(std::string_view{field.name_string()}), std::string{field.value()});
    // By the name that the client knows, so that links lead through whatever stands between us.
    if (const auto host = made.header("host"); !host.empty())
        made.origin = "http://" + std::string{host};
    return made;
}

} // namespace

class server::implementation {
public:
    implementation(options set, log::logger& log)
        : configured_(std::move(set)), log_(log), acceptor_(io_), deliverer_(io_, configured_.delivery),
          world_(configured_, log, deliverer_,
                 [this](std::chrono::milliseconds after, std::function<void()> what) {
                     spawn(run_later(after, std::move(what)));
                 }) {}

    ~implementation() { stop(); }

    implementation(const implementation&) = delete;
    implementation& operator=(const implementation&) = delete;

    void start() {
        acceptor_ = listen_on(io_, configured_);
        const auto local = acceptor_.local_endpoint();
        port_ = local.port();
        origin_ = "http://" +
                  (local.address().is_v6() ? "[" + configured_.address + "]" : configured_.address) + ":" +
                  std::to_string(port_);
        spawn(accept_all());
        thread_ = start_quiet_thread("sandbox", [this] { run(); });
    }

    void stop() {
        if (!thread_.joinable())
            return;
        asio::post(io_, [this] {
            error_code ignored;
            acceptor_.close(ignored);
            for (const auto& each : connections_)
                each->stream.close();
            io_.stop();
        });
        thread_.join();
    }

    std::uint16_t port() const noexcept { return port_; }

    const std::string& origin() const noexcept { return origin_; }

    /// Runs `ask` on the server's thread, and gives what it gives.
    template <typename Ask>
    auto inside(Ask ask) {
        std::promise<decltype(ask(world_))> told;
        auto answer = told.get_future();
        asio::post(io_, [this, &told, &ask] {
            if constexpr (std::is_void_v<decltype(ask(world_))>) {
                ask(world_);
                told.set_value();
            } else {
                told.set_value(ask(world_));
            }
        });
        return answer.get();
    }

private:
    void run() {
        for (;;) {
            try {
                io_.run();
                return;
            } catch (const std::exception& failed) {
                log_.error("sandbox goes on after an exception", {{"cause", failed.what()}});
            }
        }
    }

    /// Starts a coroutine; an exception ends it alone.
    void spawn(asio::awaitable<void> started) {
        asio::co_spawn(io_, std::move(started), [this](const std::exception_ptr& failed) {
            if (!failed)
                return;
            try {
                std::rethrow_exception(failed);
            } catch (const std::exception& cause) {
                log_.error("sandbox: something ended by an exception", {{"cause", cause.what()}});
            } catch (...) {
                log_.error("sandbox: something ended by an unknown exception");
            }
        });
    }

    asio::awaitable<void> run_later(std::chrono::milliseconds after, std::function<void()> what) {
        asio::steady_timer timer{io_, after};
        const auto [ec] = co_await timer.async_wait(awaiting);
        if (!ec)
            what();
    }

    asio::awaitable<void> accept_all() {
        while (acceptor_.is_open()) {
            auto [ec, socket] = co_await acceptor_.async_accept(awaiting);
            if (!ec && connections_.size() < connections_max) {
                spawn(serve(std::make_shared<connection>(std::move(socket))));
            } else if (ec && acceptor_.is_open()) {
                asio::steady_timer pause{io_, accept_pause};
                co_await pause.async_wait(awaiting);
            }
        }
    }

    /// `client` is shared with `connections_`, through which `stop` closes it.
    asio::awaitable<void> serve(std::shared_ptr<connection> client) {
        connections_.push_back(client);
        error_code ignored;
        client->stream.socket().set_option(tcp::no_delay{true}, ignored);
        try {
            while (co_await serve_one(*client))
                continue;
        } catch (const std::exception& failed) {
            log_.error("sandbox: a request ended by an exception", {{"cause", failed.what()}});
        }
        client->stream.close();
        connections_.remove(client);
    }

    /// Reads one request and answers it. False where the connection ends.
    asio::awaitable<bool> serve_one(connection& client) {
        parser reading;
        reading.header_limit(head_bytes_max);
        reading.body_limit(request_bytes_max);
        client.stream.expires_after(request_timeout);
        const auto [head_ec, head_size] =
            co_await http::async_read_header(client.stream, client.buffer, reading, awaiting);
        if (head_ec)
            co_return co_await refuse(client, head_ec);
        const std::string method{reading.get().method_string()};
        const std::string target{reading.get().target()};
        const bool stays = reading.get().keep_alive();
        const auto told = world_.faults.take(method, std::string_view{target}.substr(0, target.find('?')));
        if (told && told->kind == fault_kind::reset && !told->carries_out) {
            co_await wait(client, told->delay);
            note(method, target, 0);
            reset(client);
            co_return false;
        }
        if (is_same_in_any_case(std::string_view{reading.get()[http::field::expect]}, "100-continue")) {
            std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            co_await write(client, std::move(go_on));
        }
        const auto [body_ec, body_size] =
            co_await http::async_read(client.stream, client.buffer, reading, awaiting);
        if (body_ec)
            co_return co_await refuse(client, body_ec);
        const request asked = to_request(reading, origin_);
        if (told) {
            const bool goes_on = co_await go_wrong(client, asked, *told);
            co_return goes_on&& stays;
        }
        const response made = sandbox::answer(world_, asked);
        note(method, target, made.status);
        std::string bytes = to_http(made, method == "HEAD", stays);
        const bool is_sent = co_await write(client, std::move(bytes));
        co_return is_sent&& stays;
    }

    /// Does what a fault tells. False where the connection ends.
    asio::awaitable<bool> go_wrong(connection& client, const request& asked, const fault& told) {
        co_await wait(client, told.delay);
        response made;
        if (told.needs_answer())
            made = sandbox::answer(world_, asked);
        switch (told.kind) {
        case fault_kind::reset:
            note(asked.method, asked.target, 0);
            reset(client);
            co_return false;
        case fault_kind::answer:
            made = told_answer(told);
            break;
        case fault_kind::truncate:
            made.body.resize(made.body.size() / 2);
            break;
        case fault_kind::break_off: {
            note(asked.method, asked.target, made.status);
            std::string bytes = broken_off(made);
            co_await write(client, std::move(bytes));
            co_return false;
        }
        case fault_kind::none:
            break;
        }
        note(asked.method, asked.target, made.status);
        std::string bytes = to_http(made, asked.method == "HEAD", true);
        co_return co_await write(client, std::move(bytes));
    }

    asio::awaitable<void> wait(connection& client, std::chrono::milliseconds delay) {
        if (delay.count() == 0)
            co_return;
        client.pause.expires_after(delay);
        co_await client.pause.async_wait(awaiting);
    }

    asio::awaitable<bool> write(connection& client, std::string bytes) {
        client.stream.expires_after(request_timeout);
        const auto [ec, size] = co_await asio::async_write(client.stream, asio::buffer(bytes), awaiting);
        co_return !ec;
    }

    /// Answers what can't be read, where the client is still there. False: the connection ends.
    asio::awaitable<bool> refuse(connection& client, error_code ec) {
        const auto& protocol = make_error_code(http::error::end_of_stream).category();
        if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
            ec.category() != protocol)
            co_return false;
        const unsigned status = ec == http::error::header_limit ? 431
                                : ec == http::error::body_limit ? 413
                                                                : 400;
        std::string bytes = to_http(text_answer(status, ec.message() + "\n"), false, false);
        co_await write(client, std::move(bytes));
        co_return false;
    }

    void note(const std::string& method, const std::string& target, unsigned status) {
        if (target.starts_with("/sandbox/") && !target.starts_with("/sandbox/uploads/"))
            return;
        if (world_.requests.size() >= world::requests_max)
            world_.requests.pop_front();
        world_.requests.push_back({method, target, status});
        log_.info("request", {{"method", method}, {"target", target}, {"status", status}});
    }

    const options configured_;
    log::logger& log_;
    /// Destroyed after all below. What still waits in it goes without running on: no coroutine here undoes
    /// anything outside itself as it goes.
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    deliverer deliverer_;
    world world_;
    std::list<std::shared_ptr<connection>> connections_;
    std::uint16_t port_ = 0;
    std::string origin_;
    std::thread thread_;
};

server::server(options configured, log::logger& log) {
    if (!is_loopback(configured.address))
        throw std::invalid_argument(
            "'" + configured.address +
            "' is no loopback address, and the sandbox is no server for the open: its "
            "credentials are known to all");
    implementation_ = std::make_unique<implementation>(std::move(configured), log);
}

server::~server() = default;

void server::start() {
    implementation_->start();
}

void server::stop() {
    implementation_->stop();
}

std::uint16_t server::port() const noexcept {
    return implementation_->port();
}

std::string server::origin() const {
    return implementation_->origin();
}

std::string server::base_url() const {
    return implementation_->origin() + "/api/v2";
}

void server::inject(fault what) {
    implementation_->inside([&what](world& in) { in.faults.add(std::move(what)); });
}

void server::clear_faults() {
    implementation_->inside([](world& in) { in.faults.clear(); });
}

std::size_t server::faults_left() const {
    return implementation_->inside([](const world& in) { return in.faults.all().size(); });
}

void server::expire_access_tokens() {
    implementation_->inside([](world& in) { in.granted.expire_access(); });
}

bool server::takes_refresh_token(const std::string& token) const {
    return implementation_->inside([&](auto& in) { return in.granted.find_refresh(token) != nullptr; });
}

void server::set_limit(std::uint64_t remaining, std::chrono::milliseconds reset_in) {
    implementation_->inside([=](world& in) { in.limit.set_remaining(remaining, reset_in, wall_now()); });
}

std::vector<delivery> server::deliveries() const {
    return implementation_->inside([](const world& in) {
        return std::vector<delivery>{in.feed.deliveries().begin(), in.feed.deliveries().end()};
    });
}

std::vector<seen_request> server::requests() const {
    return implementation_->inside([](const world& in) {
        return std::vector<seen_request>{in.requests.begin(), in.requests.end()};
    });
}

} // namespace outreachd::sandbox
