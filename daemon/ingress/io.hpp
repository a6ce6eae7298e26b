/// The Asio types of ingress, named once: everything of one connection runs on one strand.
///
/// The executor's type is written out instead of `any_io_executor`, whose copies and virtual calls
/// show in the cost of a request.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace outreachd::ingress {

namespace asio = boost::asio;

using tcp = asio::ip::tcp;
using strand = asio::strand<asio::io_context::executor_type>;
using tcp_socket = asio::basic_stream_socket<tcp, strand>;
using tcp_acceptor = asio::basic_socket_acceptor<tcp, strand>;
using steady_timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                                asio::wait_traits<std::chrono::steady_clock>, strand>;

template <typename T = void>
using awaitable = asio::awaitable<T, strand>;

/// Completes with a tuple that begins with the error code; nothing is thrown.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<strand>> as_result{};

} // namespace outreachd::ingress
