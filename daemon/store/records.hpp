/// What the store keeps, as values.
#pragma once

#include "daemon/event/event.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::store {

/// An event's place in the order of receipt on this host. It grows with every event and is made
/// from the time: microseconds since 1970, or one more than the last.
using sequence = std::int64_t;

/// `running` is known to the dispatcher alone: a crash makes it pending again.
/// `discarded`: it was dead, or its handler is gone, and an operator gave it up.
/// `published`: of the outbox alone. A broker has confirmed the event.
enum class delivery_state : std::uint8_t {
    pending = 0,
    retry = 1,
    done = 2,
    dead = 3,
    unrouted = 4,
    discarded = 5,
    published = 6,
};

constexpr bool is_unfinished(delivery_state state) noexcept {
    return state == delivery_state::pending || state == delivery_state::retry;
}

std::string_view to_string(delivery_state state) noexcept;

/// What stands in a handler's place for events that wait for a broker: no handler's name has brackets.
inline constexpr const char* outbox_name = "(outbox)";

/// A handler that an event goes to.
struct destination {
    destination(std::string name, bool depends = false) : handler(std::move(name)), is_conditional(depends) {}

    destination(const char* name) : handler(name) {}

    std::string handler;
    bool is_conditional = false; ///< A `where` has yet to say whether it does.
    friend bool operator==(const destination&, const destination&) = default;
};

/// Why an event is dead whose row can't be read.
inline constexpr const char* damaged_reason = "the stored record is damaged: its checksum doesn't hold";

/// Where a router sends one event. No handlers: the event is unrouted, or, where `dead_reason` is
/// set, it is a dead delivery without a handler.
struct routing {
    outreachd::store::sequence sequence = 0;
    std::vector<destination> handlers;
    std::uint64_t ordering_key = 0; ///< Hash of resource and id; 0: an event without an id.
    std::string dead_reason;
};

inline bool goes_to_nobody(const routing& what) noexcept {
    return what.handlers.empty() || !what.dead_reason.empty();
}

/// A committed event. `subject` is null where its row is damaged.
struct stored_event {
    outreachd::store::sequence sequence = 0;
    std::shared_ptr<const event> subject;
    bool is_routed = false; ///< Where it goes is recorded.
    /// What was recorded, where the commit that stored it did that too, and has just been made.
    std::optional<routing> route = {};
};

/// A piece of the order of events, looked through for one resource.
struct events_of_resource {
    std::vector<stored_event> events;
    outreachd::store::sequence looked_up_to = 0; ///< Where there was nothing behind `after`, that.
};

/// What became of one attempt at one delivery.
struct settlement {
    outreachd::store::sequence sequence = 0;
    std::string handler;
    /// retry, done or dead; or unrouted: no `where` sends the event to this handler. With a reason it is
    /// dead then, without a handler, where no other takes it either.
    delivery_state state = delivery_state::done;
    std::uint32_t attempts = 0; ///< Including this one.
    wall_time started_at{};
    std::chrono::microseconds took{};
    std::optional<wall_time> next_attempt_at; ///< With `retry`.
    std::string reason;
    std::string last_answer;
    /// Whether the event goes there at all couldn't be told. Of the outbox: its work queue has it.
    bool is_undecided = false;
    bool is_wait = false;   ///< With `retry`: nothing was attempted, so no attempt is kept.
    bool has_steps = false; ///< Results of steps are kept for it; they go once it is done.
    /// With `is_wait`: it goes on with the next start or handler; its reason is no error of the handler's.
    bool is_given_back = false;
    /// Of an event that may have another place by now: it is looked for by its id.
    std::optional<event_id> event = {};
};

/// What one step of a delivery gave, kept so that a later attempt goes on behind it.
struct step_record {
    outreachd::store::sequence sequence = 0;
    std::string handler;
    std::uint32_t number = 0; ///< Counts from 0.
    std::string result;       ///< JSON
};

/// A delivery that isn't done or dead, as the dispatcher takes it up.
struct unfinished_delivery {
    outreachd::store::sequence sequence = 0;
    delivery_state state = delivery_state::pending;
    std::uint32_t attempts = 0;
    std::optional<wall_time> next_attempt_at;
    std::uint64_t ordering_key = 0;
    std::uint32_t replay = 0; ///< Of the event: a part of the delivery's id.
    /// A `where` has yet to say whether it is wanted. Of the outbox: its work queue has it.
    bool is_conditional = false;
};

/// One with its event, both as they stand at one moment.
struct unfinished_event {
    unfinished_delivery delivery;
    std::shared_ptr<const event> subject; ///< Null where its row is damaged.
};

/// A delivery as people see it.
struct delivery_record {
    event_id delivery{};
    event_id event{};
    std::string handler; ///< Empty: a dead or unrouted event without one.
    delivery_state state = delivery_state::pending;
    std::uint32_t attempts = 0;
    std::optional<wall_time> next_attempt_at;
    std::optional<wall_time> finished_at; ///< done, dead or discarded
    std::string reason;                   ///< Of the last failed attempt.
    std::string last_answer;
    bool is_running = false; ///< For those who show it; the store doesn't know.
};

/// One attempt of a delivery's story. Attempts that succeeded at once are not kept one by one.
struct attempt_record {
    std::string handler;
    std::uint32_t number = 0;
    wall_time started_at{};
    std::chrono::microseconds took{};
    delivery_state outcome = delivery_state::done;
    std::string reason;
};

/// pending before dead before done. `published`: a broker has it, and no handler here.
/// `discarded`: all that became of it was.
enum class event_state { pending, published, done, dead, unrouted, discarded };

std::string_view to_string(event_state state) noexcept;
std::optional<event_state> parse_event_state(std::string_view text) noexcept;

/// An event on its way to a broker, or there.
struct publication {
    bool is_confirmed = false;
    std::optional<wall_time> confirmed_at;
    std::optional<wall_time> next_attempt_at; ///< Where the broker doesn't take it.
    std::string reason;                       ///< Why it doesn't.
};

/// An event in a list: all but its body and headers.
struct event_record {
    outreachd::store::sequence sequence = 0;
    event_id id{};
    event_facts facts;
    wall_time received_at{};
    std::string endpoint;
    std::string source;
    std::uint64_t body_bytes = 0;
    event_state state = event_state::pending;
    std::vector<delivery_record> deliveries;
    std::optional<publication> queued; ///< Nothing where it was never meant for a broker.
};

/// One event's whole story.
struct event_story {
    event_record summary;
    std::shared_ptr<const event> subject; ///< Null where its row is damaged.
    std::vector<attempt_record> attempts; ///< By time; of one handler the newest 1,000.
    /// By handler: so many older ones there are. None of a handler all of whose attempts are above.
    std::map<std::string, std::uint64_t> attempts_left_out;
};

/// A dead delivery in a list.
struct dead_delivery {
    event_record of; ///< Without its deliveries.
    delivery_record what;
};

/// What was found of a list.
template <typename Record>
struct found_list {
    std::vector<Record> records;
    /// Where the time for the search was over first, or the records are large: what was looked at last. That
    /// and what comes before it in the list is among the records, if it fits; what comes behind it wasn't
    /// looked at.
    std::optional<Record> ended_at;
};

/// A place in the order of dead deliveries, whether there is one (any more) or not.
struct dead_place {
    outreachd::store::sequence sequence = 0;
    std::string handler;
};

/// A part of that order, the oldest event first: what is made pending again so comes in the order of receipt.
struct dead_span {
    dead_place behind;
    outreachd::store::sequence newest = 0; ///< The last event that is asked for.
};

/// Which dead deliveries are asked for. Those of the newest events first, but where `in_order` is given.
struct dead_filter {
    std::size_t limit = 50;         ///< At most 1,000.
    std::optional<event_id> before; ///< A dead delivery's id. Not with `in_order`.
    std::optional<dead_span> in_order;
    std::optional<wall_time> since; ///< When it died.
    std::string handler;
    std::string name;     ///< A glob.
    std::string resource; ///< `task`, or `task:123` with the id.
};

/// What a list is asked for. What was stored last comes first.
struct event_filter {
    std::size_t limit = 50;         ///< At most 1,000.
    std::optional<event_id> before; ///< What was stored before it, or, where there is none, before its time.
    std::optional<wall_time> since; ///< When it was received.
    std::optional<event_state> state;
    std::string handler;  ///< With a delivery to it.
    std::string name;     ///< A glob.
    std::string resource; ///< `task`, or `task:123` with the id.
};

/// Whether `wanted`, `task` or `task:123`, is the event's resource.
bool names_resource(std::string_view wanted, std::string_view resource, std::string_view id);
bool names_resource(std::string_view wanted, const event_facts& facts);

/// Deliveries of one handler by state, for `status` and the metrics.
struct handler_depth {
    std::string handler;
    std::uint64_t pending = 0;
    std::uint64_t retry = 0;
    std::uint64_t dead = 0;
    std::optional<wall_time> oldest_pending; ///< When the oldest unfinished event was received.
    std::string last_error;
};

/// Where deliveries are unfinished, as it was a moment ago.
struct unfinished_view {
    struct place {
        outreachd::store::sequence sequence = 0;
        wall_time received_at; ///< The place itself is later where the clock was set back.
    };

    /// Later events weren't looked at; 0: none were.
    sequence routed_up_to = 0;
    /// Of each handler's oldest unfinished delivery; a handler without any isn't here.
    std::map<std::string, place> oldest;
};

/// Every event that was ever received, by what became of it (guarantee G6). All counts are kept in
/// the transactions that change them.
struct ledger {
    std::uint64_t received = 0;
    std::uint64_t pending = 0;
    std::uint64_t done = 0;
    std::uint64_t dead = 0;
    std::uint64_t unrouted = 0;
    std::uint64_t published = 0;
    std::uint64_t discarded = 0;
    std::uint64_t expired = 0;

    std::int64_t unaccounted() const noexcept {
        return static_cast<std::int64_t>(received) -
               static_cast<std::int64_t>(pending + done + dead + unrouted + published + discarded + expired);
    }
};

} // namespace outreachd::store
