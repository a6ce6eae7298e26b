/// The thread between the store and the lanes: route, record, offer.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"
#include "daemon/dispatch/inbox.hpp"
#include "daemon/dispatch/lane_set.hpp"
#include "daemon/dispatch/router.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/thread/replaceable.hpp"
#include "daemon/thread/wakeable_thread.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace outreachd::dispatch {

/// Takes committed events in order, routes each exactly once, records the routes in batches, and
/// offers deliveries to lanes once that is committed. Loads what lanes left in the store.
///
/// One thread. The routing cursor is moved by the same commit that makes the deliveries, so a crash
/// anywhere leaves each event either routed or behind the cursor.
class feeder : public std::enable_shared_from_this<feeder> {
public:
    feeder(delivery_store& backing, std::shared_ptr<replaceable<router>> routes,
           std::shared_ptr<lane_set> lanes, std::shared_ptr<inbox> incoming, received_events go,
           log::logger& log);

    void start();
    /// Closes the inbox. Doesn't block.
    void begin_stop();
    /// Waits for the thread until `until`; one that hangs in a read is detached. Returns whether it
    /// ended.
    bool finish_stop(steady_time until);

    static constexpr std::size_t batch_events_max = 256;
    static constexpr std::size_t batch_bytes_max = 8 * 1024 * 1024;
    /// Before the store is asked again that couldn't be read.
    static constexpr std::chrono::milliseconds read_again_after{500};

private:
    void feed();
    bool open();
    bool read_back();
    bool route(std::vector<store::stored_event> events);
    void offer(const store::stored_event& routed);
    void leave_to_lanes();
    bool record(std::vector<store::routing> routes);
    bool serve_lanes();
    bool note_read(const char* what, const error_code& ec);

    delivery_store& backing_;
    const std::shared_ptr<replaceable<router>> routes_;
    const std::shared_ptr<lane_set> lane_set_;
    const std::shared_ptr<inbox> inbox_;
    const received_events go_;
    log::logger& log_;

    // The feeder's own thread's.
    std::unique_ptr<delivery_reader> reader_;
    lane_set::lanes lanes_; ///< As of this round.
    sequence cursor_ = 0;   ///< Everything up to it is routed.
    bool is_reading_back_ = false;
    error_code read_trouble_; ///< Of the last read.

    std::atomic<bool> is_committed_ = false; ///< What `record` waits for; its thread is woken then.
    wakeable_thread thread_;
};

} // namespace outreachd::dispatch
