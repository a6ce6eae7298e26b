#include "daemon/outbox_return.hpp"

#include <chrono>
#include <future>
#include <memory>

namespace outreachd {

namespace {

constexpr std::size_t piece_events = 256; // an ack waits for the commit of one
constexpr std::chrono::milliseconds commit_look{200};

} // namespace

outbox_return::outbox_return(store::store& events, store::routing_of route, log::logger& log)
    : events_(events), route_(std::move(route)), log_(log) {}

outbox_return::~outbox_return() {
    stop();
}

void outbox_return::start() {
    const store::handler_depth waiting = events_.outbox();
    if (waiting.pending + waiting.retry == 0)
        return;
    log_.warn("events wait for a broker, and none is configured any more: they go to this host's handlers",
              {{"events", waiting.pending + waiting.retry}});
    thread_ = std::thread([this] { run(); });
}

void outbox_return::stop() {
    is_stopping_ = true;
    if (thread_.joinable())
        thread_.join();
}

void outbox_return::run() {
    std::uint64_t handed_over = 0;
    try {
        const auto reader = events_.open_reader();
        for (store::sequence reached = 0; !is_stopping_;) {
            const auto found = reader->unfinished(store::outbox_name, reached, piece_events);
            if (!found) { // older files are still being carried over, or the disk fails
                std::this_thread::sleep_for(commit_look);
                continue;
            }
            if (found->empty())
                break;
            std::vector<store::routing> routes;
            for (const store::unfinished_delivery& one : *found) {
                reached = one.sequence;
                if (const auto stored = reader->event_at(one.sequence))
                    routes.push_back(route_(*stored));
            }
            const auto written = std::make_shared<std::promise<std::uint64_t>>();
            auto changed = written->get_future();
            events_.withdraw(std::move(routes),
                             [written](std::uint64_t count) { written->set_value(count); });
            while (changed.wait_for(commit_look) != std::future_status::ready)
                if (is_stopping_)
                    return;
            handed_over += changed.get();
        }
    } catch (const std::exception& problem) {
        log_.error("events of the outbox can't be handed to handlers now; a restart tries again",
                   {{"cause", problem.what()}});
        return;
    }
    log_.info("events of the outbox were handed to this host's handlers", {{"events", handed_over}});
}

} // namespace outreachd
