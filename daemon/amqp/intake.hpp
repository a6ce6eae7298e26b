/// From the broker to the store (deploy/rabbitmq.md).
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::amqp {

struct intake_figures {
    bool is_connected = false;
    std::string node;
    std::vector<std::uint32_t> held; ///< Work queues that this worker consumes.
    std::uint64_t taken = 0;         ///< Events new to the store, since the start.
    std::uint64_t repeats = 0;       ///< Those it had.
};

/// Consumes this worker's share of the work queues, stores what comes, and acks it behind the commit. No
/// message waits for a handler, and none is ever given back.
///
/// One thread, which owns the connection. Store and log outlive it.
class intake {
public:
    /// `route` says where an event goes; called on the store's writer thread. `has_unfinished`: whether a
    /// delivery isn't finished of an event at or before that place in the store; called on the intake's. A
    /// queue goes to another worker once there is none of what came by it, or 8 s after it was given up.
    intake(const settings::amqp_queue& configured, store::store& events, log::logger& log,
           store::routing_of route, std::function<bool(store::sequence)> has_unfinished);
    ~intake();
    intake(const intake&) = delete;
    intake& operator=(const intake&) = delete;

    void start();
    /// Consumes nothing any more, and gives its queues back: after acking what it took, and where other
    /// workers are there, once that is delivered, or at `leave_by`. Doesn't block.
    void begin_stop(steady_time leave_by = {});
    /// False: its thread hangs and is left behind.
    bool finish_stop(steady_time until);

    // Any thread.
    /// What keeps events from coming in; none where all is well.
    std::vector<std::string> problems() const;
    intake_figures figures() const;

private:
    struct implementation;
    // Shared with the store's callbacks. Its thread only borrows it: one that is left behind leads to _Exit,
    // or returns without touching it again.
    std::shared_ptr<implementation> implementation_;
};

} // namespace outreachd::amqp
