/// One node of a cluster, connected and logged in to.
#pragma once

#include "daemon/amqp_connection/amqp_error.hpp"
#include "daemon/amqp_connection/connection.hpp"
#include "daemon/amqp_connection/watchdog.hpp"

#include <memory>
#include <string>

#include <amqp.h>

namespace outreachd::amqp_connection {

/// Owns rabbitmq-c's connection, and puts what it says of failures into words. One thread.
class session {
public:
    /// Throws amqp_error: `unreachable`, `refused`, or, where the watchdog ends everything, `too_late`.
    session(const amqp_uri& node, const options& how, watchdog& by);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    amqp_connection_state_t state() const noexcept { return state_.get(); }

    watched_socket& watched() noexcept { return watched_; }

    const std::string& node() const noexcept { return node_; }

    /// Nothing more can be done with it.
    bool is_broken() const noexcept { return is_broken_; }

    /// The error for one of rabbitmq-c's statuses, right after it was given; `what` failed. Afterwards the
    /// session is broken.
    amqp_error broken(int status, const std::string& what);
    /// The error for the broker's last words.
    amqp_error closed(const amqp_connection_close_t& by_broker);
    /// An error that leaves the session as it is.
    amqp_error error(trouble kind, const std::string& text, std::uint16_t reply_code = 0,
                     std::uint16_t closed_channel = 0) const;

    /// Sends what the system holds back since more was announced.
    void push_out() noexcept;

    /// The broker's own text, without the name of our user, which it likes to repeat.
    std::string words_of(const amqp_bytes_t& reply_text) const;

private:
    struct destroy {
        void operator()(amqp_connection_state_t state) const noexcept { amqp_destroy_connection(state); }
    };

    void connect(const amqp_uri& node, const std::string& ca, steady_time deadline);
    void log_in(const amqp_uri& node, const options& how, steady_time deadline);
    [[noreturn]] void refuse_login(const amqp_rpc_reply_t& reply, std::chrono::milliseconds timeout);
    std::string words_for(int status, int system_error) const;

    std::string node_; ///< As shown.
    std::string user_;
    watched_socket watched_;
    std::unique_ptr<amqp_connection_state_t_, destroy> state_;
    bool is_broken_ = false;
};

} // namespace outreachd::amqp_connection
