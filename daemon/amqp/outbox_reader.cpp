#include "daemon/amqp/outbox_reader.hpp"

#include <algorithm>
#include <exception>

namespace outreachd::amqp {

namespace {

constexpr std::size_t page_events = 256;

} // namespace

void outbox_reader::start_over() {
    page_.clear();
    cursor_ = 0;
    is_at_end_ = false;
    next_due_.reset();
}

/// To what was passed over and may be sent now.
void outbox_reader::go_back() {
    if (next_due_ && *next_due_ <= wall_now())
        start_over();
    if (const auto first = holds_.first_passed_over(); first && *first <= cursor_) {
        page_.clear(); // it is read again
        cursor_ = *first - 1;
        is_at_end_ = false;
    }
}

result<std::optional<outgoing_event>>
outbox_reader::next(const std::function<bool(store::sequence)>& is_in_flight) {
    go_back();
    for (;;) {
        if (page_.empty()) {
            if (is_at_end_)
                return std::optional<outgoing_event>{};
            if (const auto loaded = load(is_in_flight); !loaded)
                return loaded.error();
            continue;
        }
        const store::unfinished_delivery place = page_.front();
        auto stored = reader_->unfinished_event(store::outbox_name, place.sequence);
        const error_code ec = stored ? error_code{} : stored.error();
        if (ec && ec != errc::not_found && ec != errc::damaged)
            return ec;
        page_.pop_front();
        if (ec == errc::not_found)
            continue; // published since the page was read, or come back by the queue, and at another place
        outgoing_event next{{}, place.sequence, place.attempts, 0};
        if (!ec)
            next.subject = std::move(stored->subject);
        if (!next.subject)
            return std::optional{next};
        next.partition = names_.partition_of(place.ordering_key, next.subject->id);
        if (holds_.may_send(next.partition, next.at))
            return std::optional{std::move(next)};
    }
}

result<void> outbox_reader::load(const std::function<bool(store::sequence)>& is_in_flight) {
    if (!reader_) {
        try {
            reader_ = from_.open_reader();
        } catch (const std::exception&) {
            return errc::store_unavailable;
        }
    }
    const auto found = reader_->unfinished(store::outbox_name, cursor_, page_events);
    if (!found)
        return found.error();
    is_at_end_ = found->size() < page_events;
    const wall_time now = wall_now();
    for (const store::unfinished_delivery& one : *found) {
        cursor_ = one.sequence;
        if (is_in_flight(one.sequence))
            continue;
        if (one.next_attempt_at && *one.next_attempt_at > now) {
            next_due_ = std::min(next_due_.value_or(*one.next_attempt_at), *one.next_attempt_at);
            continue;
        }
        // By the key alone where that suffices: a queue that is held for long has a long backlog.
        const bool is_known = one.ordering_key != 0;
        if (is_known && !holds_.may_send(names_.partition_of(one.ordering_key, {}), one.sequence))
            continue;
        page_.push_back(one);
    }
    return {};
}

} // namespace outreachd::amqp
