/// From the store to the broker (deploy/rabbitmq.md).
#pragma once

#include "daemon/amqp/link_health.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::amqp {

struct relay_limits {
    std::size_t window = 128;                          ///< Events in flight, at most; twice as many messages.
    std::chrono::milliseconds confirm_timeout{10'000}; ///< Of the oldest in flight.
};

struct relay_figures {
    bool is_connected = false;
    std::string node;
    std::uint64_t in_flight = 0;
    std::uint64_t published = 0; ///< Since the start.
    std::uint64_t refused = 0;   ///< Returned, refused or unconfirmed, each time counted.
};

/// Publishes what stands in the outbox, in order: each event to the exchange and to its work queue; once both
/// are confirmed it leaves, and the next one of its resource follows. After a cut it begins again at the
/// first that isn't. A work queue that refuses, or says nothing, holds up its own events only. A single event
/// that the broker doesn't take is put off, and others of its resource overtake it. So is one that only the
/// exchange doesn't take; its work queue doesn't get it again.
///
/// One thread, which owns the connection and a reader of the store. Store and log outlive it.
class relay {
public:
    relay(const settings::amqp_queue& configured, store::store& events, log::logger& log,
          relay_limits limits = {});
    ~relay();
    relay(const relay&) = delete;
    relay& operator=(const relay&) = delete;

    void start();
    /// Sends nothing new, waits a moment for the confirms of what is in flight. Doesn't block.
    void begin_stop();
    /// False: its thread hangs and is left behind.
    bool finish_stop(steady_time until);

    // Any thread.
    /// What keeps events in the outbox; none where all is well.
    std::vector<std::string> problems() const;
    relay_figures figures() const;

private:
    struct implementation;
    // Shared with the store's callbacks. Its thread only borrows it: one that is left behind leads to _Exit,
    // or returns without touching it again.
    std::shared_ptr<implementation> implementation_;
};

} // namespace outreachd::amqp
