#include "daemon/outbox_return.hpp"

#include "daemon/thread/wakeable_thread.hpp"

#include <chrono>
#include <future>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t piece_events = 256; // an ack waits for the commit of one
constexpr std::chrono::milliseconds look_pause{200};

} // namespace

/// Shared with the thread, which may be left behind.
struct outbox_return::progress {
    progress(store::store& from, store::routing_of decide, log::logger& lines)
        : events(from), route(std::move(decide)), log(lines) {}

    store::store& events;
    const store::routing_of route;
    log::logger& log;
    wakeable_thread thread;

    std::uint64_t events_handed_over = 0; ///< The thread's own.

    void hand_over();
    void hand_over_all();
    bool hand_over(std::vector<store::routing> routes);
};

outbox_return::outbox_return(store::store& events, store::routing_of route, log::logger& log)
    : progress_(std::make_shared<progress>(events, std::move(route), log)) {}

outbox_return::~outbox_return() {
    stop();
}

void outbox_return::start() {
    progress_->thread.start([shared = progress_] { shared->hand_over(); });
}

bool outbox_return::stop() {
    const bool has_ended = progress_->thread.finish_stop(std::chrono::steady_clock::now() + 1s);
    if (!has_ended)
        progress_->thread.leave_behind();
    return has_ended;
}

/// What is handed over has left the outbox, so beginning again does no harm.
void outbox_return::progress::hand_over() {
    for (bool has_told = false;; has_told = true) {
        try {
            return hand_over_all();
        } catch (const std::exception& failure) { // want of memory
            if (!has_told)
                log.warn("events of the outbox can't be handed to this host's handlers now; trying again",
                         {{"cause", failure.what()}});
        }
        if (!thread.pause(look_pause))
            return;
    }
}

/// Older files that are still carried over, and a disk that fails, make it wait. The latter the store tells
/// itself.
void outbox_return::progress::hand_over_all() {
    std::unique_ptr<store::reader> reader;
    store::sequence reached = 0;
    for (;;) {
        try {
            if (!reader)
                reader = events.open_reader();
        } catch (const std::exception&) {
            if (!thread.pause(look_pause))
                return;
            continue;
        }
        const auto found = reader->unfinished(store::outbox_name, reached, piece_events);
        if (found && found->empty())
            break;
        std::vector<store::routing> routes;
        bool is_whole = found.has_value();
        for (std::size_t i = 0; is_whole && i < found->size(); ++i) {
            const auto stored = reader->event_at((*found)[i].sequence);
            is_whole = stored || stored.error() == errc::not_found || stored.error() == errc::damaged;
            if (is_whole)
                routes.push_back(
                    route(stored ? *stored : store::stored_event{(*found)[i].sequence, nullptr, false, {}}));
        }
        if (!is_whole) {
            if (!thread.pause(look_pause))
                return;
            continue;
        }
        if (events_handed_over == 0)
            log.warn("events wait for a broker, and none is configured any more: they go to this host's "
                     "handlers");
        events_handed_over += routes.size();
        reached = found->back().sequence;
        if (!hand_over(std::move(routes)))
            return;
    }
    if (events_handed_over > 0)
        log.info("events of the outbox were handed to this host's handlers",
                 {{"events", events_handed_over}});
}

/// Waits for the commit. False: it is to stop.
bool outbox_return::progress::hand_over(std::vector<store::routing> routes) {
    const auto written = std::make_shared<std::promise<void>>();
    auto is_written = written->get_future();
    events.withdraw(std::move(routes), [written](std::uint64_t) { written->set_value(); });
    while (is_written.wait_for(look_pause) != std::future_status::ready)
        if (thread.is_stopping())
            return false;
    return true;
}

} // namespace outreachd
