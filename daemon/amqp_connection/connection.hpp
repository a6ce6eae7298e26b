/// A connection to a RabbitMQ cluster: rabbitmq-c, with its traps closed.
#pragma once

#include "daemon/amqp_connection/amqp_error.hpp"
#include "daemon/amqp_connection/message.hpp"
#include "daemon/amqp_connection/watchdog.hpp"
#include "daemon/text/amqp_uri.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::amqp_connection {

struct options {
    std::vector<amqp_uri> nodes;                      ///< Of one cluster. Tried in turn; at least one.
    std::size_t first_node = 0;                       ///< Where to begin, modulo their number.
    std::string ca;                                   ///< PEM, for `amqps`. Empty: the system's.
    std::string name;                                 ///< Shown by the broker, as `connection_name`.
    std::chrono::seconds heartbeat{5};                ///< 0: none. A silent peer is noticed after twice that.
    std::chrono::milliseconds connect_timeout{5'000}; ///< Of each node: TCP, TLS, login together.
    std::chrono::milliseconds answer_timeout{10'000}; ///< Of each call that the broker answers, from the last
                                                      ///< body in front of it, and of each send.
};

enum class queue_kind { quorum, classic };

/// A durable queue and its arguments.
struct queue_arguments {
    queue_kind kind = queue_kind::quorum;
    bool rejects_when_full = false;                   ///< `x-overflow: reject-publish`
    bool has_one_consumer = false;                    ///< `x-single-active-consumer`
    std::optional<std::uint32_t> delivery_limit = {}; ///< `x-delivery-limit`, quorum queues only.
};

struct queue_state {
    std::uint64_t ready = 0;     ///< Messages that nobody has taken yet.
    std::uint32_t consumers = 0; ///< Without those that stand by (quorum queues, RabbitMQ 3.10).
};

/// What so many bytes take on a line that carries 256 KiB a second, the least that is reckoned with: to be
/// added where something waits for a large body to be gone.
constexpr std::chrono::milliseconds time_to_send(std::size_t bytes) noexcept {
    constexpr std::size_t bytes_per_second = 256UL * 1024;
    return std::chrono::milliseconds{bytes * 1000 / bytes_per_second};
}

/// One connection, one thread at a time; only `watchdog::end_all` reaches in from outside. Connected from its
/// construction on; after an `amqp_error` without `closed_channel()` it is to be destroyed.
///
/// Every call is bounded: by `answer_timeout`, or by the time given; but for the resolution of a node's name,
/// whose time is the system's to bound. Channels are numbered by the caller, from 1; each is opened before it
/// is used, and opened again where the broker has closed it. Where nothing else is done, `next` or
/// `keep_alive` must be called at least every heartbeat/2: heartbeats are sent and looked at inside calls
/// only.
///
/// Whatever comes in front of an answer is read into memory and kept for `next`: as much as
/// `limit_unacked` allows on all channels.
///
/// All calls throw amqp_error.
class connection {
public:
    /// Connects and logs in: the first node that lets us. Throws what the last one said, or, where one of
    /// them refused us (`trouble::refused`), what that one said. `too_late` where the watchdog ends all.
    connection(const options& how, watchdog& by);
    /// Says good-bye within a second, where there is somebody to say it to.
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// The node connected to, as `shown()`.
    const std::string& node() const noexcept;
    /// Its place in `options::nodes`.
    std::size_t node_index() const noexcept;

    /// In place of `options::answer_timeout`, from now on. It knows nothing of sizes: `time_to_send` does.
    void answer_within(std::chrono::milliseconds timeout) noexcept;

    void open_channel(std::uint16_t channel);
    void close_channel(std::uint16_t channel);
    /// Without waiting for the answer, before which it can't be opened again. What is told of it is
    /// forgotten.
    void close_channel_unanswered(std::uint16_t channel);

    // Declarations: the same again is no error, another one of that name is `differs`, and closes the
    // channel.
    void declare_topic_exchange(std::uint16_t channel, const std::string& name);
    queue_state declare_queue(std::uint16_t channel, const std::string& name, const queue_arguments& how);
    /// What it holds. `not_found` closes the channel.
    queue_state look_at_queue(std::uint16_t channel, const std::string& name);

    /// A name that one connection of the whole cluster has at a time: an exclusive queue, of which nobody
    /// makes use. It is free again once the connection ends, however it does. False: another one has it. The
    /// channel is open before and after.
    bool lock(std::uint16_t channel, const std::string& name);
    void unlock(std::uint16_t channel, const std::string& name);

    /// From now on the broker confirms what is published on the channel: tags 1, 2, 3 ...
    void confirm_publishes(std::uint16_t channel);
    /// Sends; gives the tag its confirm will have, 0 on a channel without confirms. Blocks while the broker
    /// doesn't read, up to `answer_timeout`. Throws `unusable`, and has sent nothing, where a field is over
    /// its length.
    std::uint64_t publish(std::uint16_t channel, const published& what);

    /// While true what is sent waits for more, so that small messages share a packet; 200 ms at most.
    void cork(bool is_corked) noexcept;

    /// At most `prefetch` unacked messages on the channel's consumers that are begun from now on.
    void limit_unacked(std::uint16_t channel, std::uint16_t prefetch);
    /// Begins to consume with acks; `consumer` is its tag, unique on the channel.
    void consume(std::uint16_t channel, const std::string& queue, const std::string& consumer);
    /// The same, without waiting for the answer, in front of which messages of other channels may come. A
    /// refusal closes the channel, and is thrown by `next`.
    void consume_unanswered(std::uint16_t channel, const std::string& queue, const std::string& consumer);
    /// Ends it. What came before that is still told by `next`, and to be acked; then `consumer_ended`.
    void cancel(std::uint16_t channel, const std::string& consumer);
    /// Up to `tag` where `is_multiple`. Isn't answered.
    void ack(std::uint16_t channel, std::uint64_t tag, bool is_multiple);

    /// What comes next; waits for it up to `at_most` (0: doesn't wait). A channel that the broker closes is
    /// thrown as amqp_error with `closed_channel()`.
    std::optional<incoming> next(std::chrono::milliseconds at_most);

    /// For one who reads nothing for now: sends a heartbeat, once a second at most. What the broker sends
    /// isn't looked at.
    void keep_alive();

    /// Whether the broker has told us that it is blocked (and not yet that it no longer is).
    bool is_blocked() const noexcept;

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

/// Corks a connection for as long as it lives. The connection outlives it.
class corked {
public:
    explicit corked(connection& what) : what_(what) { what_.cork(true); }

    ~corked() { what_.cork(false); }

    corked(const corked&) = delete;
    corked& operator=(const corked&) = delete;

private:
    connection& what_;
};

} // namespace outreachd::amqp_connection
