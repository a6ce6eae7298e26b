/// What is said with a broker once a session stands: methods and their answers, and what comes in between.
#pragma once

#include "daemon/amqp_connection/inbox.hpp"
#include "daemon/amqp_connection/session.hpp"

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <amqp_framing.h>

namespace outreachd::amqp_connection {

/// Reads every frame itself, in order. rabbitmq-c's own calls for that are no use where several channels
/// are open: `amqp_read_message` drops frames of other channels that wait in front of its own, and waits
/// without a bound; `amqp_simple_rpc` doesn't see that its channel was closed before. One thread.
class conversation {
public:
    conversation(std::unique_ptr<session> with, std::chrono::milliseconds answer_timeout);
    ~conversation();
    conversation(const conversation&) = delete;
    conversation& operator=(const conversation&) = delete;

    session& with() noexcept { return *session_; }

    amqp_connection_state_t state() const noexcept { return session_->state(); }

    void answer_within(std::chrono::milliseconds timeout) noexcept { answer_timeout_ = timeout; }

    /// What is asked on a channel, and the method that answers it.
    struct question {
        std::uint16_t channel;
        amqp_method_number_t method;
        void* fields;
        amqp_method_number_t answer;
        std::string what; ///< `can't declare ...`, for errors.
    };

    /// Sends and waits for the answer; gives what `queue.declare-ok` says where that is it.
    queue_state ask(const question& asked);

    /// Opens a channel, anew where it was closed.
    void open(std::uint16_t channel);

    /// Runs a call of rabbitmq-c that sends and isn't answered; `what` is for errors.
    template <typename Call>
    void send(const char* what, Call call) {
        const bounded_call bound{session_->watched(), answer_deadline()};
        errno = 0;
        check_sent(call(), what);
    }

    /// The next of what comes; waits for it up to `at_most`. Throws what is to be told as an error.
    std::optional<incoming> next(std::chrono::milliseconds at_most);

    /// Behind all that has come so far.
    void tell_last(std::uint16_t channel, incoming what) { inbox_.put(channel, std::move(what)); }

    /// Sends a heartbeat, where heartbeats were agreed upon and none was sent so within the last second.
    void keep_alive();

    /// Whether the broker hasn't closed it.
    bool is_open(std::uint16_t channel) const { return !closed_.contains(channel); }

    /// Of a channel that the broker has closed: throws what it said then.
    void expect_open(std::uint16_t channel);
    /// The channel begins anew, or has ended: what it has told is forgotten, but not that the broker closed
    /// it.
    void forget(std::uint16_t channel);

    bool is_blocked() const noexcept { return is_blocked_; }

private:
    struct expected_answer {
        const question* to = nullptr;
        bool has_come = false;
        queue_state declared{};
        std::optional<amqp_error> refusal;
    };

    steady_time answer_deadline() const noexcept {
        return std::chrono::steady_clock::now() + answer_timeout_;
    }

    queue_state exchange(const question& asked);
    void check_sent(int status, const char* what);
    bool read_frame(steady_time deadline, const char* what);
    void take_frame(const amqp_frame_t& frame);
    void take_method(std::uint16_t channel, const amqp_method_t& method);
    void take_of_connection(const amqp_method_t& method);
    void take_channel_close(std::uint16_t channel, const amqp_channel_close_t& close);
    void say_good_bye() noexcept;

    std::chrono::milliseconds answer_timeout_;
    std::unique_ptr<session> session_;
    inbox inbox_;
    expected_answer expected_;
    std::map<std::uint16_t, amqp_error> closed_; ///< By the broker, and not opened since.
    std::uint64_t body_frames_ = 0;              ///< That have come.
    bool is_blocked_ = false;
    steady_time next_heartbeat_; ///< Of `keep_alive`.
};

} // namespace outreachd::amqp_connection
