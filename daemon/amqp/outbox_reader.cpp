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
    read_first_.clear();
    search_.reset();
    forget_ahead();
    read_again_behind(0);
    holds_.forget_passed_over();
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
    std::erase_if(ahead_, [&](const read_event& one) {
        const bool is_gone = one.what.subject &&
                             std::ranges::binary_search(gone, one.what.subject->id, {}, &committed_event::id);
        if (is_gone && one.has_turn)
            turns_.pass(one.what.delivery.ordering_key);
        return is_gone;
    });
}

void outbox_reader::expect_due(steady_time when) {
    next_due_ = std::min(next_due_.value_or(when), when);
}

void outbox_reader::expect_exchange() {
    expect_due(std::chrono::steady_clock::now() + exchange_pause);
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

/// Of what is to be read again with it. One that is read first may stand in front.
store::sequence outbox_reader::first_of_page() const {
    store::sequence first = cursor_ + 1;
    for (const store::unfinished_delivery& each : page_)
        first = std::min(first, each.sequence);
    return first;
}

result<std::optional<outgoing_event>> outbox_reader::next(const events_under_way& others) {
    if (const auto opened = open(); !opened)
        return opened.error();
    go_back();
    if (ahead_until_ <= std::chrono::steady_clock::now())
        forget_ahead();
    if (may_look_for_probe()) {
        auto probe = next_probe(others);
        if (!probe || *probe)
            return probe;
    } else if (const auto wanted = holds_.wanted_probe(); wanted && read_first_.empty()) {
        holds_.call_off_probe(wanted->partition); // reading went back meanwhile
        search_.reset();
    }
    return next_in_order(others);
}

result<void> outbox_reader::open() {
    try {
        if (!reader_)
            reader_ = from_.open_reader();
    } catch (const std::exception&) {
        return errc::store_unavailable;
    }
    return {};
}

result<std::optional<outgoing_event>> outbox_reader::next_in_order(const events_under_way& others) {
    for (int pages = 0;;) {
        result<void> loaded;
        if (!read_first_.empty()) {
            loaded = load_first();
        } else if (turns_.has_called() && (ahead_.empty() || !ahead_.front().has_turn)) {
            loaded = read_called();
        } else if (ahead_.empty() && page_.empty()) {
            if (is_at_end_ || turns_.is_full() || pages++ == pages_at_once)
                return std::optional<outgoing_event>{};
            loaded = load(others);
        }
        if (loaded && ahead_.empty() && !page_.empty())
            loaded = read_ahead();
        if (!loaded)
            return loaded.error();
        if (ahead_.empty())
            continue;
        const read_event first = std::move(ahead_.front());
        ahead_.pop_front();
        outgoing_event next = to_outgoing(first.what);
        const bool may_go =
            !next.subject || (!others.has(next.subject->id) && may_send(first.what.delivery, next.partition));
        if (!may_go) {
            if (first.has_turn)
                turns_.pass(next.ordering_key);
            continue;
        }
        if (!first.has_turn) {
            if (turns_.waits(first.what.delivery, next.partition))
                continue;
            turns_.take(next.ordering_key);
        }
        return std::optional{std::move(next)};
    }
}

outgoing_event outbox_reader::to_outgoing(const store::unfinished_event& what) const {
    const store::unfinished_delivery& row = what.delivery;
    return {
        what.subject,     row.sequence,
        row.attempts,     names_.partition_of(row.ordering_key, what.subject ? what.subject->id : event_id{}),
        row.ordering_key, row.is_conditional};
}

/// Only where all in front of it has been read: there may be others of its resource.
bool outbox_reader::may_look_for_probe() const {
    const auto wanted = holds_.wanted_probe();
    return wanted && read_first_.empty() && may_try(*wanted);
}

/// The first of the queue's events that can be sent. One that waits for its turn doesn't hold up the others;
/// all that were passed over are read again once this one is taken.
result<std::optional<outgoing_event>> outbox_reader::next_probe(const events_under_way& others) {
    forget_ahead();
    pass_over_held(); // which may change `first`
    const auto wanted = holds_.wanted_probe();
    if (!search_ || search_->partition != wanted->partition || *wanted->first < search_->first)
        search_ = {wanted->partition, *wanted->first, *wanted->first - 1, {}};
    bool is_at_end = false;
    for (int pages = 0; !is_at_end && pages < pages_at_once; ++pages) {
        const auto found = reader_->unfinished(store::outbox_name, search_->looked_up_to, page_events);
        if (!found)
            return found.error();
        is_at_end = found->size() < page_events;
        for (const store::unfinished_delivery& place : *found) {
            auto probe = to_probe(place, others);
            if (!probe)
                return probe.error();
            search_->looked_up_to = place.sequence;
            if (!*probe)
                continue;
            search_.reset();
            turns_.take((*probe)->ordering_key);
            return probe;
        }
    }
    if (!is_at_end)
        return std::optional<outgoing_event>{};
    if (search_->waiting_keys.empty())
        holds_.note_none_left(wanted->partition);
    else
        holds_.postpone_probe(wanted->partition, std::chrono::steady_clock::now());
    search_.reset();
    return std::optional<outgoing_event>{};
}

/// Nothing where it isn't the queue's, or can't be sent now.
result<std::optional<outgoing_event>> outbox_reader::to_probe(const store::unfinished_delivery& place,
                                                              const events_under_way& others) {
    const std::optional<outgoing_event> none;
    const bool has_key = place.ordering_key != 0; // else only the event itself tells its queue
    if (has_key && partition_of(place) != search_->partition)
        return none;
    if (place.is_conditional || pause_of(place, wall_now()))
        return none; // it comes by itself
    if (turns_.is_taken(place.ordering_key) || search_->waiting_keys.contains(place.ordering_key)) {
        search_->waiting_keys.insert(place.ordering_key);
        return none;
    }
    if (has_key && others.is_at(place.sequence))
        return none;
    const auto one = as_it_stands(place.sequence);
    if (!one)
        return one.error();
    if (!is_to_be_sent(*one) || (*one)->delivery.is_conditional || (!has_key && !(*one)->subject))
        return none;
    outgoing_event probe = to_outgoing(**one);
    if (probe.partition != search_->partition || (probe.subject && others.has(probe.subject->id)))
        return none;
    return std::optional{std::move(probe)};
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
        else if (auto& one = (*found)[at]; is_to_be_sent(one))
            ahead_.push_front({std::move(*one), true});
        else
            turns_.pass(called[at].ordering_key);
    }
    if (!found)
        return found.error();
    return {};
}

/// Passes over what was published since the page was read, or came back by the queue, and at another place.
result<void> outbox_reader::read_ahead() {
    pass_over_held();
    std::vector<store::sequence> places;
    for (std::size_t at = 0; at < page_.size() && at < ahead_events; ++at)
        places.push_back(page_[at].sequence);
    auto found = reader_->unfinished_events(store::outbox_name, places, ahead_bytes);
    if (!found)
        return found.error();
    for (auto& one : *found) {
        if (is_to_be_sent(one))
            ahead_.push_back({std::move(*one)});
        page_.pop_front();
    }
    ahead_until_ = std::chrono::steady_clock::now() + ahead_for;
    return {};
}

/// And what waits for its turn. By the key alone where that suffices: a queue that is held for long has a
/// long backlog.
void outbox_reader::pass_over_held() {
    std::erase_if(page_, [this](const store::unfinished_delivery& one) {
        return one.ordering_key != 0 &&
               (!may_send(one, partition_of(one)) || turns_.waits(one, partition_of(one)));
    });
}

/// Nothing where it has left the outbox.
result<std::optional<store::unfinished_event>> outbox_reader::as_it_stands(store::sequence at) {
    auto found = reader_->unfinished_events(store::outbox_name, {&at, 1}, ahead_bytes);
    if (!found)
        return found.error();
    return std::move(found->front());
}

/// Of one that stands at a place that was read before: it may have left the outbox, or be put off.
bool outbox_reader::is_to_be_sent(const std::optional<store::unfinished_event>& one) {
    if (!one)
        return false;
    const auto pause = pause_of(one->delivery, wall_now());
    if (pause)
        expect_due(std::chrono::steady_clock::now() + *pause);
    return !pause;
}

/// They are read anew: from the page, or when they are called again.
void outbox_reader::forget_ahead() {
    for (; !ahead_.empty(); ahead_.pop_back())
        if (const auto& [what, has_turn] = ahead_.back(); has_turn)
            turns_.give_back(what.delivery, partition_of(what.delivery));
        else
            page_.push_front(what.delivery);
}

/// In front of the page.
result<void> outbox_reader::load_first() {
    const store::sequence at = read_first_.front();
    const auto found = reader_->unfinished(store::outbox_name, at - 1, 1);
    if (!found)
        return found.error();
    read_first_.pop_front();
    forget_ahead();
    const bool is_there = !found->empty() && found->front().sequence == at;
    if (is_there && !pause_of(found->front(), wall_now()))
        page_.push_front(found->front());
    return {};
}

result<void> outbox_reader::load(const events_under_way& others) {
    const auto found = reader_->unfinished(store::outbox_name, cursor_, page_events);
    if (!found)
        return found.error();
    is_at_end_ = found->size() < page_events;
    if (is_at_end_)
        note_end();
    const wall_time now = wall_now();
    for (const store::unfinished_delivery& one : *found) {
        cursor_ = one.sequence;
        if (others.is_at(one.sequence))
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
