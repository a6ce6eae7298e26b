#include "daemon/admin/sockets.hpp"

#include "daemon/event/errc.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <cerrno>
#include <stdexcept>

#include <sys/socket.h>

namespace outreachd::admin {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

} // namespace

tcp::acceptor listen_on(asio::io_context& io, const settings::admin& configured) {
    const auto fail = [&](const error_code& ec) {
        throw std::runtime_error("admin: can't listen on " + configured.address + " port " +
                                 std::to_string(configured.port) + ": " + ec.message());
    };
    error_code ec;
    const auto address = asio::ip::make_address(configured.address, ec);
    if (ec)
        fail(ec);
    const tcp::endpoint endpoint{address, configured.port};
    tcp::acceptor acceptor{io};
    acceptor.open(endpoint.protocol(), ec);
    if (!ec)
        acceptor.set_option(tcp::acceptor::reuse_address{true}, ec);
    if (!ec && address.is_v6())
        acceptor.set_option(asio::ip::v6_only{false}, ec);
    if (!ec)
        acceptor.bind(endpoint, ec);
    if (!ec)
        acceptor.listen(tcp::acceptor::max_listen_connections, ec);
    if (ec)
        fail(ec);
    return acceptor;
}

std::string address_text(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

bool is_closed_by_peer(tcp::socket& which) {
    char next = 0;
    const ssize_t got = ::recv(which.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

} // namespace outreachd::admin
