/// The thread between the store and the lanes: route, record, offer.
#include "daemon/dispatch/feeder.hpp"

#include <algorithm>
#include <exception>

namespace outreachd::dispatch {

feeder::feeder(delivery_store& backing, std::shared_ptr<replaceable<router>> routes,
               std::shared_ptr<lane_set> lanes, std::shared_ptr<inbox> incoming, received_events go,
               log::logger& log)
    : backing_(backing), routes_(std::move(routes)), lane_set_(std::move(lanes)), inbox_(std::move(incoming)),
      go_(go), log_(log) {}

void feeder::start() {
    // An exception (there is no memory) ends the process, and is meant to: nobody would know which deliveries
    // of a batch are offered. All that is acknowledged is in the store, where the next start finds it.
    thread_.start([self = shared_from_this()]() noexcept { self->feed(); });
}

void feeder::begin_stop() {
    inbox_->close();
    thread_.begin_stop();
}

bool feeder::finish_stop(steady_time until) {
    const bool has_ended = thread_.finish_stop(until);
    if (!has_ended)
        thread_.leave_behind();
    return has_ended;
}

void feeder::feed() {
    while (!open())
        if (inbox_->pause(read_again_after))
            return;
    bool is_idle = false;
    while (!inbox_->is_closed()) {
        bool is_readable = true;
        lanes_.clear(); // one that has ended can go then
        lanes_ = lane_set_->current();
        if (is_reading_back_) {
            is_readable = read_back();
        } else {
            auto taken = inbox_->take(batch_events_max, is_idle);
            is_reading_back_ = taken.has_gap;
            if (taken.is_rescan)
                for (const auto& one : lanes_)
                    one->rescan();
            if (!route(std::move(taken.events)))
                break;
        }
        is_readable = serve_lanes() && is_readable;
        if (!is_readable)
            inbox_->pause(read_again_after);
        is_idle = is_readable && !is_reading_back_ &&
                  std::ranges::none_of(lanes_, [](const auto& one) { return one->wants(); });
        if (is_idle && lane_set_->is_unsettled()) {
            inbox_->pause(read_again_after);
            is_idle = false; // to try again, not to wait for an event
        }
    }
    lanes_.clear();
    reader_.reset();
}

/// False: the store can't be read now.
bool feeder::open() {
    try {
        reader_ = backing_.open_reader();
    } catch (const std::exception&) { // the store tells the cause itself
        return note_read("the file", errc::store_unavailable);
    }
    const auto cursor = reader_->routed_up_to();
    if (!note_read("the routing cursor", cursor ? error_code{} : cursor.error()))
        return false;
    cursor_ = *cursor;
    return true;
}

/// Routes the next events of the store that never were in the inbox; those that are routed are left to the
/// lanes to load. False: can't be read now.
bool feeder::read_back() {
    const auto routed = reader_->routed_up_to();
    if (!note_read("the routing cursor", routed ? error_code{} : routed.error()))
        return false;
    if (*routed > cursor_) {
        cursor_ = *routed;
        leave_to_lanes();
    }
    auto found = reader_->events_after(cursor_, batch_events_max, batch_bytes_max);
    if (!note_read("events", found ? error_code{} : found.error()))
        return false;
    if (found->empty())
        is_reading_back_ = false;
    else
        route(std::move(*found));
    return true;
}

/// False: stopping. What isn't committed then is routed after the next start.
bool feeder::route(std::vector<store::stored_event> events) {
    // The inbox may hold what was read back meanwhile.
    std::erase_if(events, [this](const auto& stored) { return stored.sequence <= cursor_; });
    if (events.empty())
        return true;
    std::vector<store::routing> unrecorded;
    const auto routes = routes_->get();
    for (auto& stored : events)
        if (!stored.is_routed)
            unrecorded.push_back(stored.route.emplace(decide(*routes, go_, stored)));
    if (!unrecorded.empty() && !record(std::move(unrecorded)))
        return false;
    cursor_ = events.back().sequence;
    for (const auto& stored : events)
        if (stored.route)
            offer(stored);
        else
            leave_to_lanes(); // routed since the cursor was read
    return true;
}

/// There are deliveries in the store that are not offered.
void feeder::leave_to_lanes() {
    for (const auto& one : lanes_)
        one->fall_behind();
}

/// To the lanes of its handlers. What is for a handler that has none stays in the store.
void feeder::offer(const store::stored_event& routed) {
    for (const store::destination& to : routed.route->handlers)
        for (const auto& one : lanes_)
            if (one->name() == to.handler)
                one->offer(
                    {routed.sequence, routed.route->ordering_key, 0, routed.subject, 0, to.is_conditional});
}

/// Waits for the commit, for as long as the disk takes. False: stopping.
bool feeder::record(std::vector<store::routing> routes) {
    is_committed_ = false;
    backing_.record_routes(std::move(routes), [self = shared_from_this()] {
        self->is_committed_ = true;
        self->thread_.wake();
    });
    while (!is_committed_ && !thread_.is_stopping())
        thread_.sleep(read_again_after);
    return is_committed_;
}

/// One full load for each lane that wants one. A lane has caught up only when a read finds nothing:
/// short ones may end for other reasons, and nothing is routed between these. False: the store can't
/// be read now.
bool feeder::serve_lanes() {
    for (const auto& to : lanes_) {
        bool is_full = false;
        while (!is_full) {
            const auto request = to->take_load_request();
            if (!request)
                break;
            const auto found = reader_->unfinished(to->name(), request->after, request->limit);
            if (!note_read("deliveries", found ? error_code{} : found.error()))
                return false;
            to->load(*found, found->empty());
            is_full = found->size() >= request->limit;
        }
    }
    return true;
}

/// Logs when reading fails and when it works again, not each time between. Why it fails the store tells
/// itself.
bool feeder::note_read(const char* what, const error_code& ec) {
    if (ec == read_trouble_)
        return !ec;
    if (ec == errc::being_carried_over)
        log_.info("deliveries wait for what is carried over from an older database file");
    else if (ec)
        log_.warn("deliveries wait until the store can be read again",
                  {{"what", what}, {"cause", ec.message()}});
    else if (read_trouble_ == errc::being_carried_over)
        log_.info("deliveries go on: what isn't finished has been carried over");
    else
        log_.info("the store can be read again");
    read_trouble_ = ec;
    return !ec;
}

} // namespace outreachd::dispatch
