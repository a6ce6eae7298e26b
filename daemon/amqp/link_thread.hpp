/// A thread that keeps one connection to the broker.
#pragma once

#include "daemon/amqp/link_health.hpp"
#include "daemon/amqp_connection/connection.hpp"
#include "daemon/thread/wakeable_thread.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <random>

namespace outreachd::amqp {

/// Connects, works, and where that fails connects again: after a pause that doubles from 200 ms to 10 s, with
/// jitter, without end. It is short again once a connection was of use, or has stood for 10 s. `work` runs on
/// the thread; it returns once `is_stopping`, and throws amqp_error where the connection is of no more use.
///
/// Made shared: a thread that hangs where nobody can reach it (in looking a name up) is left behind at the
/// stop, and touches nothing but this once it returns.
class link_thread : public std::enable_shared_from_this<link_thread> {
public:
    using work = std::function<void(amqp_connection::connection&)>;

    link_thread(amqp_connection::options how, link_health& health, work what);

    void start();
    /// Asks for the end. Doesn't block.
    void begin_stop();
    /// Waits for the end until `until`; ends calls that hang a second before. False: left behind.
    bool finish_stop(steady_time until);

    /// Ends `sleep`. Any thread.
    void wake() { thread_.wake(); }

    // For `work`.
    bool is_stopping() const { return thread_.is_stopping(); }

    /// Waits for `wake` or the stop, at most so long. True where there was a `wake` since the last time.
    bool sleep(std::chrono::milliseconds at_most) { return thread_.sleep(at_most); }

    /// As `sleep`, without waiting.
    bool take_wake() { return thread_.take_wake(); }

    /// The connection stands, and all is there that it needs.
    void note_connected(const amqp_connection::connection& at);

    /// It does what it is for: the next failure is a new one, and is followed by a short pause.
    void note_success() { health_.proved(); }

private:
    void run();
    void run_once();
    std::chrono::milliseconds next_pause();

    const amqp_connection::options how_;
    link_health& health_;
    const work work_;
    amqp_connection::watchdog watchdog_;
    wakeable_thread thread_;

    // The thread's own.
    std::chrono::milliseconds pause_;
    std::size_t first_node_ = 0;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace outreachd::amqp
