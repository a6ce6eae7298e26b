#include "daemon/store_watcher.hpp"

namespace outreachd {

void store_watcher::write_failed(std::string_view cause) {
    const auto now = std::chrono::steady_clock::now();
    if (failures_++ > 0 && now - logged_at_ < repeat_interval)
        return;
    logged_at_ = now;
    log_.error("the store can't write: events are not answered until it can",
               {{"cause", cause}, {"failures", failures_}});
}

void store_watcher::read_failed(std::string_view cause) {
    if (const auto failures = failed_reads_.count(std::chrono::steady_clock::now()))
        log_.error("the store can't be read: what needs it waits and tries again",
                   {{"cause", cause}, {"failures", *failures}});
}

void store_watcher::written(std::chrono::milliseconds took) {
    if (failures_ > 0)
        log_.info("the store writes again", {{"outage_ms", took.count()}, {"failures", failures_}});
    failures_ = 0;
}

void store_watcher::set_aside(std::string_view file, std::string_view fresh, std::string_view cause) {
    log_.error("a database file is no longer trusted: the store goes on in a fresh one",
               {{"file", file}, {"fresh", fresh}, {"cause", cause}});
}

void store_watcher::carried_over(std::string_view file, std::uint64_t events, std::uint64_t lost) {
    if (lost == 0)
        log_.info("everything was carried over from an older database file",
                  {{"file", file}, {"events", events}});
    else
        log_.error(
            "an older database file was damaged: what could be read was carried over, the file is kept",
            {{"file", file}, {"events", events}, {"unreadable", lost}});
}

void store_watcher::waits_for_room(std::string_view directory, std::uint64_t bytes) {
    log_.error("an older database file waits to be carried over: the disk has no room for it",
               {{"directory", directory}, {"bytes_free_wanted", bytes}});
}

void store_watcher::damaged(store::sequence at, std::string_view file) {
    log_.error("a stored event is damaged: its checksum doesn't hold", {{"sequence", at}, {"file", file}});
}

void store_watcher::clock_jumped(std::chrono::seconds by) {
    log_.warn(
        "the clock was set far forward, or the machine stood still: for an hour no event is removed for "
        "its age",
        {{"forward_s", by.count()}});
}

} // namespace outreachd
