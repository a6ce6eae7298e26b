/// Connections of a handler to RabbitMQ.
#pragma once

#include "daemon/amqp_connection/connection.hpp"
#include "daemon/event/timestamp.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace outreachd::handlers {

/// Keeps connections open for the next message: each is one thread's from `take_idle` or `open` until it is
/// given back or discarded. One that nobody has needed for `idle_max` is closed, so that none has to be kept
/// alive by heartbeats; one that is blocked by an alarm, which stops heartbeats too, stays for
/// `blocked_idle_max`. Thread-safe. Has two threads of its own: one that closes, and its watchdog's.
class amqp_pool {
public:
    /// A connection with one channel, on which publishes are confirmed.
    struct line {
        line(const amqp_connection::options& how, amqp_connection::watchdog& by) : broker(how, by) {}

        amqp_connection::connection broker;
        bool has_channel = false;  ///< `channel` is open.
        bool owes_confirm = false; ///< Of an attempt that was given up under an alarm.
        steady_time idle_since{};
    };

    static constexpr std::uint16_t channel = 1;
    static constexpr std::chrono::seconds idle_max{30};
    static constexpr std::chrono::minutes blocked_idle_max{30}; ///< Longer than between two attempts.

    /// `how` without timeouts: those are each attempt's. `idle_limit` is for tests.
    explicit amqp_pool(amqp_connection::options how, std::chrono::milliseconds idle_limit = idle_max);
    ~amqp_pool();
    amqp_pool(const amqp_pool&) = delete;
    amqp_pool& operator=(const amqp_pool&) = delete;

    /// The one that was used last; null where none is open and free.
    std::unique_ptr<line> take_idle();
    /// A new one, by `deadline`. Throws amqp_error.
    std::unique_ptr<line> open(steady_time deadline);
    /// For the next message.
    void give_back(std::unique_ptr<line> used);
    /// To be closed, without making the caller wait for it.
    void discard(std::unique_ptr<line> used);

    /// Ends what runs, and whatever begins later. Any thread; doesn't block.
    void end_all() { guard_.end_all(); }

private:
    void close_unused();
    std::vector<std::unique_ptr<line>> take_unused(std::unique_lock<std::mutex>& lock);

    const amqp_connection::options how_;
    const std::chrono::milliseconds idle_limit_;
    std::atomic<std::size_t> last_node_ = 0; ///< That let us in.
    amqp_connection::watchdog guard_;
    std::mutex mutex_; ///< Guards all below.
    std::condition_variable changed_;
    std::vector<std::unique_ptr<line>> idle_; ///< The one used last is the last.
    std::vector<std::unique_ptr<line>> discarded_;
    bool is_stopping_ = false;
    std::thread closing_; ///< The constructor begins it, the destructor joins it. Last: it uses all above.
};

} // namespace outreachd::handlers
