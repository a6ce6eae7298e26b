/// Ends calls into rabbitmq-c that hang.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace outreachd::amqp_connection {

/// rabbitmq-c sends without a bound of time: under a broker's alarm, or to one that hangs, a publish lasts
/// for as long as that does. One thread looks after all connections that share it, and shuts the socket of
/// one down whose call is late: the call then fails. Thread-safe. Outlives its connections.
class watchdog {
public:
    watchdog();
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    /// Shuts down every connection's socket, now and from now on. Any thread; doesn't block.
    void end_all();

private:
    friend class watched_socket;

    struct entry {
        int descriptor = -1;
        steady_time deadline = steady_time::max();
        bool is_ended = false;
        bool is_late = false; ///< Ended at its deadline.
    };

    static void end(entry& one);
    void watch();

    std::mutex mutex_; ///< Guards all below.
    std::condition_variable changed_;
    std::list<entry> entries_;
    steady_time wakes_at_ = steady_time::max(); ///< The thread looks again then, or when it is told to.
    bool is_ending_all_ = false;
    bool is_stopping_ = false;
    std::thread thread_;
};

/// A connection's place in the watchdog's list. It holds a duplicate of the socket's descriptor: rabbitmq-c
/// closes its own whenever it likes, and the number may be another file's by the time of a shutdown. The
/// connection's own thread, but where said.
class watched_socket {
public:
    explicit watched_socket(watchdog& by);
    ~watched_socket();
    watched_socket(const watched_socket&) = delete;
    watched_socket& operator=(const watched_socket&) = delete;

    /// The socket in use from now on; -1: none. False where it can't be duplicated (`errno`).
    [[nodiscard]] bool use(int descriptor);
    /// From now on the socket is shut down at `deadline`; `steady_time::max()`: no more.
    void expect_by(steady_time deadline);
    /// Whether it was shut down, or would be at once. Stays so.
    bool is_ended() const;
    /// Whether that was since its deadline had passed.
    bool is_late() const;

    /// For socket options; -1 where there is none.
    int descriptor() const;

private:
    watchdog& by_;
    std::list<watchdog::entry>::iterator at_;
};

/// What its owner does until its end is over by `deadline`, or fails.
class bounded_call {
public:
    bounded_call(watched_socket& on, steady_time deadline) : on_(on) { on_.expect_by(deadline); }

    ~bounded_call() { on_.expect_by(steady_time::max()); }

    bounded_call(const bounded_call&) = delete;
    bounded_call& operator=(const bounded_call&) = delete;

private:
    watched_socket& on_;
};

} // namespace outreachd::amqp_connection
