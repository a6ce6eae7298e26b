#include "daemon/amqp/outbox_reader.hpp"

#include <algorithm>
#include <exception>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t page_events = 256;
constexpr int pages_at_once = 8; // some milliseconds
constexpr std::size_t ahead_events = 64;
constexpr std::size_t ahead_bytes = 1024UL * 1024;
/// One that an operator has discarded meanwhile would be sent all the same.
constexpr auto ahead_for = 100ms;
/// Many that were put off are taken up together: each time the outbox is read from its beginning. Where that
/// takes long it is done so much less often.
constexpr std::chrono::milliseconds due_pause = 1s;
constexpr std::chrono::milliseconds due_pause_max = 60s;
constexpr int pauses_per_reading = 10;
/// Until those are looked at again that were left because the exchange is behind.
constexpr std::chrono::milliseconds exchange_pause = 10s;

/// Nothing where it is due. A longer one than any that is given comes of a clock that was set back.
std::optional<std::chrono::microseconds> pause_of(const store::unfinished_delivery& one, wall_time now) {
    const auto pause = one.next_attempt_at.value_or(now) - now;
    if (pause <= 0us || pause > publish_records::put_off_max)
        return std::nullopt;
    return std::chrono::duration_cast<std::chrono::microseconds>(pause);
}

} // namespace

void outbox_reader::start_over() {
    probes_.clear();
    forget_ahead();
    read_again_behind(0);
    next_due_.reset();
    began_at_ = std::chrono::steady_clock::now();
}

void outbox_reader::note_end() {
    if (!began_at_)
        return;
    const auto now = std::chrono::steady_clock::now();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - *began_at_);
    not_anew_before_ = now + std::clamp(took * pauses_per_reading, due_pause, due_pause_max);
    began_at_.reset();
}

void outbox_reader::read_again_behind(store::sequence at) {
    cursor_ = at;
    page_.clear();
    is_at_end_ = false;
    turns_.forget_behind(at);
}

void outbox_reader::forget(std::vector<committed_event> gone) {
    for (const committed_event& one : gone)
        if (one.due) // it may have been read as it was before
            expect_due(*one.due);
    if (ahead_.empty() || gone.empty())
        return;
    std::ranges::sort(gone, {}, &committed_event::id);
    std::erase_if(ahead_, [&](const read_place& one) {
        const bool is_gone =
            one.subject && std::ranges::binary_search(gone, one.subject->id, {}, &committed_event::id);
        if (is_gone && one.has_turn)
            turns_.pass(one.place.ordering_key);
        return is_gone;
    });
}

void outbox_reader::expect_due(steady_time when) {
    next_due_ = std::min(next_due_.value_or(when), when);
}

void outbox_reader::expect_exchange() {
    expect_due(std::chrono::steady_clock::now() + exchange_pause);
}

void outbox_reader::probe(store::sequence first) {
    probes_.push_back(first);
}

/// To what was passed over and may be sent now.
void outbox_reader::go_back() {
    // Not before the end: with very many that were put off it would never be reached.
    const bool is_through = is_at_end_ && ahead_.empty() && page_.empty();
    const auto now = std::chrono::steady_clock::now();
    if (next_due_ && *next_due_ <= now && is_through && not_anew_before_ <= now)
        start_over();
    const auto first = holds_.first_passed_over();
    if (!first || *first > cursor_)
        return;
    // The rest of the page is read again with it.
    forget_ahead();
    read_again_behind(std::min(*first, first_of_page()) - 1);
}

/// Of what is to be read again with it. A probe may stand in front.
store::sequence outbox_reader::first_of_page() const {
    store::sequence first = cursor_ + 1;
    for (const store::unfinished_delivery& each : page_)
        first = std::min(first, each.sequence);
    return first;
}

result<std::optional<outgoing_event>>
outbox_reader::next(const std::function<bool(store::sequence)>& is_in_flight) {
    go_back();
    if (ahead_until_ <= std::chrono::steady_clock::now())
        forget_ahead();
    for (int pages = 0;;) {
        result<void> loaded;
        if (!probes_.empty()) {
            loaded = load_probe();
        } else if (turns_.has_called() && (ahead_.empty() || !ahead_.front().has_turn)) {
            loaded = read_called();
        } else if (ahead_.empty() && page_.empty()) {
            if (is_at_end_ || turns_.is_full() || pages++ == pages_at_once)
                return std::optional<outgoing_event>{};
            loaded = load(is_in_flight);
        }
        if (loaded && ahead_.empty() && !page_.empty())
            loaded = read_ahead();
        if (!loaded)
            return loaded.error();
        if (ahead_.empty())
            continue;
        const read_place first = std::move(ahead_.front());
        ahead_.pop_front();
        const std::uint64_t key = first.place.ordering_key;
        outgoing_event next{first.subject, first.place.sequence,      first.place.attempts, 0,
                            key,           first.place.is_conditional};
        if (next.subject) {
            next.partition = names_.partition_of(key, next.subject->id);
            if (!may_send(first.place, next.partition)) {
                if (first.has_turn)
                    turns_.pass(key);
                continue;
            }
        }
        if (!first.has_turn) {
            if (turns_.waits(first.place, partition_of(first.place)))
                continue;
            turns_.take(key);
        }
        return std::optional{std::move(next)};
    }
}

/// A work queue that takes nothing is no matter to an event that it has.
bool outbox_reader::may_send(const store::unfinished_delivery& one, std::uint32_t partition) {
    return one.is_conditional || holds_.may_send(partition, one.sequence);
}

/// Of one that has a key.
std::uint32_t outbox_reader::partition_of(const store::unfinished_delivery& one) const {
    return names_.partition_of(one.ordering_key, {});
}

/// In front of those that are read ahead: their resources have waited, and others of them do.
result<void> outbox_reader::read_called() {
    const auto called = turns_.call(ahead_events);
    std::vector<store::sequence> places;
    places.reserve(called.size());
    for (const store::unfinished_delivery& one : called)
        places.push_back(one.sequence);
    auto found = reader_->unfinished_events(store::outbox_name, places, ahead_bytes);
    if (ahead_.empty())
        ahead_until_ = std::chrono::steady_clock::now() + ahead_for;
    for (std::size_t at = called.size(); at-- > 0;) {
        if (!found || at >= found->size())
            turns_.give_back(called[at], partition_of(called[at]));
        else if (auto one = as_it_stands(called[at], std::move((*found)[at])))
            ahead_.push_front({one->place, std::move(one->subject), true});
        else
            turns_.pass(called[at].ordering_key);
    }
    if (!found)
        return found.error();
    return {};
}

/// Passes over what was published since the page was read, or came back by the queue, and at another place.
result<void> outbox_reader::read_ahead() {
    // By the key alone where that suffices: a queue that is held for long has a long backlog.
    std::erase_if(page_, [this](const store::unfinished_delivery& one) {
        return one.ordering_key != 0 &&
               (!may_send(one, partition_of(one)) || turns_.waits(one, partition_of(one)));
    });
    std::vector<store::sequence> places;
    for (std::size_t at = 0; at < page_.size() && at < ahead_events; ++at)
        places.push_back(page_[at].sequence);
    auto found = reader_->unfinished_events(store::outbox_name, places, ahead_bytes);
    if (!found)
        return found.error();
    for (auto& each : *found) {
        if (auto one = as_it_stands(page_.front(), std::move(each)))
            ahead_.push_back(std::move(*one));
        page_.pop_front();
    }
    ahead_until_ = std::chrono::steady_clock::now() + ahead_for;
    return {};
}

/// Its place was read before, and it may have been put off meanwhile. Nothing where it isn't to be sent now.
std::optional<outbox_reader::read_place>
outbox_reader::as_it_stands(store::unfinished_delivery place, std::optional<store::unfinished_event> now) {
    if (!now)
        return std::nullopt;
    place.is_conditional = now->is_conditional;
    place.next_attempt_at = now->next_attempt_at;
    if (const auto pause = pause_of(place, wall_now())) {
        expect_due(std::chrono::steady_clock::now() + *pause);
        return std::nullopt;
    }
    return read_place{place, std::move(now->subject)};
}

/// They are read anew: from the page, or when they are called again.
void outbox_reader::forget_ahead() {
    for (; !ahead_.empty(); ahead_.pop_back())
        if (const read_place& one = ahead_.back(); one.has_turn)
            turns_.give_back(one.place, partition_of(one.place));
        else
            page_.push_front(one.place);
}

/// In front of the page. What is there no more is no probe; then the first that is passed over is.
result<void> outbox_reader::load_probe() {
    if (!reader_) {
        probes_.clear();
        return {};
    }
    const store::sequence at = probes_.front();
    const auto found = reader_->unfinished(store::outbox_name, at - 1, 1);
    if (!found)
        return found.error();
    probes_.pop_front();
    forget_ahead();
    const bool is_there = !found->empty() && found->front().sequence == at;
    if (is_there && !pause_of(found->front(), wall_now())) {
        page_.push_front(found->front());
        return {};
    }
    // Behind one that is put off the first is looked for that isn't.
    const store::sequence behind = is_there ? at : at - 1;
    read_again_behind(std::min({cursor_, behind, first_of_page() - 1}));
    return {};
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
    if (is_at_end_)
        note_end();
    const wall_time now = wall_now();
    for (const store::unfinished_delivery& one : *found) {
        cursor_ = one.sequence;
        if (is_in_flight(one.sequence))
            continue;
        if (const auto pause = pause_of(one, now)) {
            expect_due(std::chrono::steady_clock::now() +
                       std::max<std::chrono::microseconds>(*pause, due_pause));
            continue;
        }
        if (leaves_to_exchange_ && one.is_conditional)
            expect_exchange();
        else
            page_.push_back(one);
    }
    return {};
}

} // namespace outreachd::amqp
