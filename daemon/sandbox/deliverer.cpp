#include "daemon/sandbox/deliverer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace outreachd::sandbox {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t answer_head_max = 64 * 1024;

struct waiting_delivery {
    delivery_request request;
    deliverer::finished done;
};

bool is_private(const asio::ip::address& address) {
    if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
        const auto first = address.to_v6().to_bytes()[0];
        return address.is_loopback() || address.to_v6().is_link_local() || (first & 0xfeU) == 0xfcU;
    }
    const auto v4 =
        address.is_v6() ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()) : address.to_v4();
    const auto bytes = v4.to_bytes();
    return bytes[0] == 127 || bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0U) == 16) ||
           (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
}

bool is_address(const std::string& host) {
    error_code ec;
    asio::ip::make_address(host, ec);
    return !ec;
}

struct attempt_end {
    unsigned status = 0;
    error_code ec;
};

/// Writes the request, reads the head of the answer.
template <typename Stream>
asio::awaitable<attempt_end> converse(Stream& stream, std::string_view bytes) {
    const auto [write_ec, written] = co_await asio::async_write(stream, asio::buffer(bytes), awaited);
    if (write_ec)
        co_return attempt_end{0, write_ec};
    beast::flat_buffer buffer{answer_head_max};
    http::response_parser<http::empty_body> parser;
    const auto [read_ec, size] = co_await http::async_read_header(stream, buffer, parser, awaited);
    co_return attempt_end{read_ec ? 0 : parser.get().result_int(), read_ec};
}

} // namespace

class deliverer::implementation {
public:
    implementation(asio::io_context& io, const delivery_options& configured)
        : io_(io), configured_(configured) {
        error_code ec;
        if (!configured.ca_file.empty())
            tls_.load_verify_file(configured.ca_file, ec);
        if (ec)
            throw std::runtime_error("can't read the certificates in '" + configured.ca_file +
                                     "': " + ec.message());
        tls_.set_verify_mode(configured.verifies_tls ? asio::ssl::verify_peer : asio::ssl::verify_none);
    }

    void submit(delivery_request request, finished done) {
        if (waiting_.size() >= waiting_max) {
            done({});
            return;
        }
        waiting_.push_back({std::move(request), std::move(done)});
        if (running_ < running_max) {
            ++running_;
            asio::co_spawn(io_, deliver_all(), asio::detached);
        }
    }

private:
    asio::awaitable<void> deliver_all() {
        while (!waiting_.empty()) {
            const waiting_delivery next = std::move(waiting_.front());
            waiting_.pop_front();
            delivery_report report;
            try {
                report = co_await deliver(next.request);
            } catch (const std::exception& failed) { // Want of memory, say.
                report.end = delivery_end::network_failure;
                report.attempts.emplace_back(failed.what());
            }
            next.done(report);
        }
        --running_;
    }

    asio::awaitable<delivery_report> deliver(const delivery_request& request) {
        delivery_report report;
        tcp::resolver resolver{io_};
        const auto [ec, addresses] =
            co_await resolver.async_resolve(request.to.host, std::to_string(request.to.port), awaited);
        if (ec) {
            report.end = delivery_end::unresolved;
            report.attempts.push_back(ec.message());
            co_return report;
        }
        const bool has_private = std::any_of(addresses.begin(), addresses.end(), [](const auto& each) {
            return is_private(each.endpoint().address());
        });
        if (configured_.suspends_private && has_private) {
            report.end = delivery_end::private_address;
            co_return report;
        }
        report.end = delivery_end::network_failure;
        for (unsigned attempt = 0; attempt < configured_.attempts; ++attempt) {
            if (attempt > 0) {
                asio::steady_timer pause{io_, configured_.pause};
                co_await pause.async_wait(awaited);
            }
            const attempt_end ended = co_await try_once(request, addresses);
            if (!ended.ec) {
                report.attempts.push_back(std::to_string(ended.status));
                report.status = ended.status;
                report.end = delivery_end::delivered;
                break;
            }
            report.attempts.push_back(ended.ec.message());
            if (ended.ec == beast::error::timeout && !configured_.retries_timeouts)
                break;
        }
        co_return report;
    }

    /// `to` by value, as the attempts that come after need it too.
    asio::awaitable<attempt_end> try_once(const delivery_request& request, tcp::resolver::results_type to) {
        beast::tcp_stream stream{io_};
        stream.expires_after(configured_.timeout); // For all that follows, together.
        const auto [connect_ec, endpoint] = co_await stream.async_connect(to, awaited);
        if (connect_ec)
            co_return attempt_end{0, connect_ec};
        if (!request.to.is_tls)
            co_return co_await converse(stream, request.bytes);
        trust_system();
        asio::ssl::stream<beast::tcp_stream&> secured{stream, tls_};
        if (!is_address(request.to.host))
            SSL_set_tlsext_host_name(secured.native_handle(), request.to.host.c_str());
        if (configured_.verifies_tls)
            secured.set_verify_callback(asio::ssl::host_name_verification(request.to.host));
        const auto [handshake_ec] = co_await secured.async_handshake(asio::ssl::stream_base::client, awaited);
        if (handshake_ec)
            co_return attempt_end{0, handshake_ec};
        co_return co_await converse(secured, request.bytes);
    }

    /// Reads the system's certificates when they are first needed: that takes a tenth of a second.
    void trust_system() {
        if (!configured_.ca_file.empty() || !configured_.verifies_tls || std::exchange(trusts_system_, true))
            return;
        error_code ignored; // Where there are none, no certificate holds.
        tls_.set_default_verify_paths(ignored);
    }

    asio::io_context& io_;
    const delivery_options& configured_;
    asio::ssl::context tls_{asio::ssl::context::tls_client};
    std::deque<waiting_delivery> waiting_;
    std::size_t running_ = 0;
    bool trusts_system_ = false;
};

deliverer::deliverer(asio::io_context& io, const delivery_options& configured)
    : implementation_(std::make_unique<implementation>(io, configured)) {}

deliverer::~deliverer() = default;

void deliverer::submit(delivery_request request, finished done) {
    implementation_->submit(std::move(request), std::move(done));
}

} // namespace outreachd::sandbox
