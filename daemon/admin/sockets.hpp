/// The admin server's sockets: how it listens, and what it can tell of a client's.
#pragma once

#include "daemon/settings/settings.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace outreachd::admin {

/// Throws std::runtime_error, with the address, where that can't be.
boost::asio::ip::tcp::acceptor listen_on(boost::asio::io_context& io, const settings::admin& configured);

/// An address as text, an IPv4 one that came in on an IPv6 socket as IPv4.
std::string address_text(const boost::asio::ip::address& address);

/// Whether the other end has closed, or the connection is broken, and nothing is left to read. Doesn't block.
bool is_closed_by_peer(boost::asio::ip::tcp::socket& which);

} // namespace outreachd::admin
