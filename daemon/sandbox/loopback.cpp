#include "daemon/sandbox/loopback.hpp"

#include <stdexcept>

namespace outreachd::sandbox {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

bool is_loopback(std::string_view address) {
    error_code ec;
    const auto read = asio::ip::make_address(address, ec);
    return !ec && read.is_loopback();
}

tcp::acceptor listen_on(asio::io_context& io, const options& configured) {
    error_code ec;
    const tcp::endpoint endpoint{asio::ip::make_address(configured.address, ec), configured.port};
    tcp::acceptor acceptor{io};
    if (!ec)
        acceptor.open(endpoint.protocol(), ec);
    if (!ec)
        acceptor.set_option(tcp::acceptor::reuse_address{true}, ec);
    if (!ec)
        acceptor.bind(endpoint, ec);
    if (!ec)
        acceptor.listen(tcp::acceptor::max_listen_connections, ec);
    if (ec)
        throw std::runtime_error("sandbox: can't listen on " + configured.address + " port " +
                                 std::to_string(configured.port) + ": " + ec.message());
    return acceptor;
}

} // namespace outreachd::sandbox
