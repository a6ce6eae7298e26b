#include "daemon/amqp_connection/session.hpp"

#include "daemon/amqp_connection/header_table.hpp"
#include "daemon/amqp_connection/tcp_connect.hpp"
#include "daemon/amqp_connection/timeouts.hpp"
#include "daemon/amqp_connection/tls_connect.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

#include <amqp_tcp_socket.h>

namespace outreachd::amqp_connection {

namespace {

constexpr int frame_bytes_max = 131'072; // what RabbitMQ proposes, too

// Reply codes (AMQP 0-9-1, 1.2).
constexpr int access_refused = 403;
constexpr int not_allowed = 530;

} // namespace

session::session(const amqp_uri& node, const options& how, watchdog& by)
    : node_(shown(node)), user_(node.user), watched_(by), state_(amqp_new_connection()) {
    if (!state_)
        throw std::bad_alloc{};
    const steady_time deadline = std::chrono::steady_clock::now() + how.connect_timeout;
    const bounded_call bound{watched_, deadline};
    connect(node, how.ca, deadline);
    log_in(node, how, deadline);
}

session::~session() = default;

void session::connect(const amqp_uri& node, const std::string& ca, steady_time deadline) {
    std::string problem;
    if (node.is_tls) {
        problem = connect_tls(state_.get(), {node.host, node.port, ca}, deadline, watched_);
    } else {
        amqp_socket_t* const socket = amqp_tcp_socket_new(state_.get());
        if (socket == nullptr)
            throw std::bad_alloc{};
        tcp_connected made = connect_tcp(node.host, node.port, deadline, watched_);
        amqp_tcp_socket_set_sockfd(socket, made.descriptor);
        problem = std::move(made.problem);
    }
    if (watched_.is_ended() && !watched_.is_late())
        throw error(trouble::too_late, "can't connect: ended, since nobody waits for it any more");
    if (!problem.empty())
        throw error(trouble::unreachable, "can't connect: " + problem);
}

void session::log_in(const amqp_uri& node, const options& how, steady_time deadline) {
    std::array capabilities{flag_entry("connection.blocked", true),
                            flag_entry("consumer_cancel_notify", true),
                            flag_entry("publisher_confirms", true),
                            flag_entry("authentication_failure_close", true), flag_entry("basic.nack", true)};
    std::array properties{
        text_entry("product", "outreachd"), text_entry("version", OUTREACHD_VERSION),
        text_entry("connection_name", how.name),
        table_entry("capabilities", {static_cast<int>(capabilities.size()), capabilities.data()})};
    const amqp_table_t client{static_cast<int>(properties.size()), properties.data()};
    const auto heartbeat = std::clamp<std::chrono::seconds::rep>(how.heartbeat.count(), 0,
                                                                 std::numeric_limits<std::uint16_t>::max());
    const timeval left = time_until(deadline);
    amqp_set_handshake_timeout(state_.get(), &left);
    errno = 0;
    // A secret is a std::string inside, and so ends in a NUL.
    const amqp_rpc_reply_t reply = amqp_login_with_properties(
        state_.get(), node.vhost.c_str(), 0, frame_bytes_max, static_cast<int>(heartbeat), &client,
        AMQP_SASL_METHOD_PLAIN, node.user.c_str(), node.password.reveal().data());
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        refuse_login(reply, how.connect_timeout);
}

void session::refuse_login(const amqp_rpc_reply_t& reply, std::chrono::milliseconds timeout) {
    const int system_error = errno;
    if (watched_.is_ended() && !watched_.is_late())
        throw error(trouble::too_late, "can't log in: ended, since nobody waits for it any more");
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const auto& close = *static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
        const bool is_refusal = close.reply_code == access_refused || close.reply_code == not_allowed;
        throw error(is_refusal ? trouble::refused : trouble::unreachable,
                    "can't log in: " + words_of(close.reply_text), close.reply_code);
    }
    switch (watched_.is_late() ? AMQP_STATUS_TIMEOUT : reply.library_error) {
    case AMQP_STATUS_TIMEOUT:
        throw error(trouble::unreachable, "can't log in: no answer within " + in_words(timeout));
    case AMQP_STATUS_CONNECTION_CLOSED:
    case AMQP_STATUS_SOCKET_ERROR:
        throw error(trouble::unreachable,
                    "can't log in: the connection was closed without a word (a port that speaks TLS or "
                    "something else than AMQP does that, a proxy without a broker behind it, and, in old "
                    "versions, a broker that knows the user, the password or the vhost not)");
    case AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD:
        throw error(trouble::unreachable, "can't log in: it takes no user and password (PLAIN)");
    case AMQP_STATUS_BAD_AMQP_DATA:
    case AMQP_STATUS_WRONG_METHOD:
    case AMQP_STATUS_UNKNOWN_CLASS:
    case AMQP_STATUS_UNKNOWN_METHOD:
    case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION:
        throw error(trouble::unreachable, "can't log in: the port speaks no AMQP 0-9-1");
    default:
        throw error(trouble::unreachable, "can't log in: " + words_for(reply.library_error, system_error));
    }
}

amqp_error session::broken(int status, const std::string& what) {
    const int system_error = errno;
    is_broken_ = true;
    if (watched_.is_ended())
        return error(
            trouble::too_late,
            what + ": " +
                (watched_.is_late() ? "no answer in time" : "ended, since nobody waits for it any more"));
    const trouble kind = status == AMQP_STATUS_TIMEOUT ? trouble::too_late : trouble::lost;
    return error(kind, what + ": " + words_for(status, system_error));
}

amqp_error session::closed(const amqp_connection_close_t& by_broker) {
    is_broken_ = true;
    const bool is_refusal = by_broker.reply_code == access_refused || by_broker.reply_code == not_allowed;
    return error(is_refusal ? trouble::refused : trouble::lost,
                 "the broker closed the connection: " + words_of(by_broker.reply_text), by_broker.reply_code);
}

amqp_error session::error(trouble kind, const std::string& text, std::uint16_t reply_code,
                          std::uint16_t closed_channel) const {
    return {kind, node_ + ": " + text, reply_code, closed_channel};
}

void session::push_out() noexcept {
    set_socket_options(watched_.descriptor());
}

std::string session::words_of(const amqp_bytes_t& reply_text) const {
    std::string text{view_of(reply_text)};
    const std::string named = "user '" + user_ + "'";
    for (std::size_t at = text.find(named); at != std::string::npos; at = text.find(named, at))
        text.replace(at, named.size(), "this user");
    return text.empty() ? "it gives no reason" : text;
}

std::string session::words_for(int status, int system_error) const {
    switch (status) {
    case AMQP_STATUS_TIMEOUT:
        return "no answer in time";
    case AMQP_STATUS_HEARTBEAT_TIMEOUT:
        return "nothing was heard from the broker for " +
               std::to_string(2 * amqp_get_heartbeat(state_.get())) + " s";
    case AMQP_STATUS_CONNECTION_CLOSED:
    case AMQP_STATUS_SOCKET_CLOSED:
        return "the connection was closed without a word";
    case AMQP_STATUS_SOCKET_ERROR:
        return system_error == 0 ? "the connection broke" : std::system_category().message(system_error);
    case AMQP_STATUS_SSL_ERROR:
        return "the TLS connection broke";
    case AMQP_STATUS_BAD_AMQP_DATA:
    case AMQP_STATUS_UNKNOWN_CLASS:
    case AMQP_STATUS_UNKNOWN_METHOD:
    case AMQP_STATUS_WRONG_METHOD:
        return "what it sends is no AMQP 0-9-1";
    default:
        return amqp_error_string2(status);
    }
}

} // namespace outreachd::amqp_connection
