/// Delivers stored events to handlers: the public face of this folder.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"
#include "daemon/dispatch/lane.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

namespace outreachd::dispatch {

/// One feeder thread, and for each handler its own worker threads. Store, log and metrics outlive it.
class dispatcher {
public:
    dispatcher(store::store& backing, std::vector<settings::route> routes,
               std::vector<equipped_handler> handlers, log::logger& log, metrics::metrics& metrics,
               received_events go = received_events::to_handlers);
    /// With a store and limits of one's own.
    dispatcher(std::unique_ptr<delivery_store> backing, std::vector<settings::route> routes,
               std::vector<equipped_handler> handlers, log::logger& log, metrics::metrics& metrics,
               lane_limits limits, received_events go = received_events::to_handlers);
    /// Stops without waiting, where `stop` wasn't called.
    ~dispatcher();
    dispatcher(const dispatcher&) = delete;
    dispatcher& operator=(const dispatcher&) = delete;

    /// Takes up what an earlier run left, then what is committed. Returns at once; a store that
    /// can't be read yet is asked again until it can.
    void start();

    /// Takes nothing new, and waits for what runs, at most `timeout`. What isn't finished then stays
    /// in the store and is taken up at the next start. False: a handler or the disk hangs; its
    /// threads are left behind, touch neither store, log nor metrics once they return, and end with the
    /// process (a read that hangs inside the store is the exception: leave by _Exit). Called once,
    /// before the store stops.
    bool stop(std::chrono::milliseconds timeout);

    /// Deliveries that a handler's workers have taken and not yet settled. Any thread.
    std::size_t running(std::string_view handler) const;

    /// Whether this delivery runs now. Any thread.
    bool is_running(std::string_view handler, sequence at) const;
    /// Whether deliveries of that handler can run: it is configured, or was and hasn't finished. A stop
    /// changes nothing in that. Any thread.
    bool has(std::string_view handler) const;

    /// A reload: routes and handlers from now on. Handlers whose settings are as before go on without a pause
    /// and let go of their files; deliveries of others finish first. One thread at a time; doesn't block.
    void use(std::vector<settings::route> routes, std::vector<equipped_handler> handlers);
    /// Where the routes in force send an event: to route it again, or one that came by a queue. Any thread.
    store::routing route(const store::stored_event& stored) const;

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd::dispatch
