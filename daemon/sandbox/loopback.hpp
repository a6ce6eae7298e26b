/// Listening on this machine, for this machine.
#pragma once

#include "daemon/sandbox/options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace outreachd::sandbox {

/// Throws std::runtime_error, naming address and cause.
boost::asio::ip::tcp::acceptor listen_on(boost::asio::io_context& io, const options& configured);

} // namespace outreachd::sandbox
