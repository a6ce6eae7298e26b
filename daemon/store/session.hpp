/// One database file while it is written: its statements, its cursors and its counts.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/records.hpp"
#include "daemon/store/repeat_index.hpp"
#include "daemon/store/store.hpp"

#include <map>

namespace outreachd::store {

/// A delivery as it is carried over from another file.
struct carried_delivery {
    std::string handler;
    delivery_state state = delivery_state::pending;
    std::uint32_t attempts = 0;
    std::optional<std::int64_t> next_attempt_at;
    std::uint64_t ordering_key = 0;
    std::optional<std::int64_t> finished_at;
    std::string reason;
    std::string last_answer;
    std::uint32_t replay = 0;
    bool is_conditional = false;
    std::vector<attempt_record> attempt_log;
    std::vector<std::string> steps; ///< What those gave that are done.
};

/// An event with all that became of it, on its way from one file to the next.
struct carried_event {
    stored_event what;
    std::vector<carried_delivery> deliveries;
};

/// The fact by which a file says that it has taken over what left `older_file` before.
inline std::string departed_mark(std::int64_t older_file) {
    return "departed_" + std::to_string(older_file);
}

/// The fact by which a file says up to where events have left it since it was too large. One of a file where
/// none has may lack it.
inline constexpr const char* dropped_mark = "dropped_up_to";

/// What an older file says of events that left it.
struct departed_events {
    std::uint64_t expired = 0;
    sequence dropped_up_to = 0;
};

/// An event without unfinished deliveries, as it was found.
struct finished_event {
    outreachd::store::sequence sequence = 0;
    event_state state = event_state::done;
};

/// The writer's view of one file. Writer thread only, but for the constructor's checks.
///
/// All changes are made between `begin` and `commit`; after a `rollback`, or a commit that threw,
/// everything is as it was at `begin`. Every call may throw database_error.
class session {
public:
    explicit session(const std::string& file);

    void begin();
    /// Afterwards all changes since `begin` survive a power cut.
    void commit();
    void rollback() noexcept;

    struct appended {
        event_id id{};
        bool is_repeat = false;
        outreachd::store::sequence sequence = 0;
        bool is_confirmed = false; ///< It waits for no broker (any more).
    };

    appended append(const event& what, std::chrono::milliseconds dedup_window);
    /// An event that isn't there is passed over: it was lost with a damaged file.
    void route(const routing& what);
    /// Of an event that this very transaction has stored.
    void route_stored(const routing& what);
    void settle(const settlement& what);
    void record_step(const step_record& what);
    // What goes to a broker and comes from it (session_outbox).
    /// A broker has confirmed the event. One that isn't there (any more) is passed over.
    void note_published(const event_id& id);
    /// Stores and routes an event that came by a queue; nothing where it has it, and has routed it, already.
    /// One of our own, that waits in the outbox or was published, takes a new sequence. All before it is
    /// routed.
    std::optional<stored_event> take_in(std::shared_ptr<const event> what, const routing_of& decide);
    /// An event that waits for a broker goes to handlers of this host instead; not one that its work queue
    /// has.
    std::uint64_t withdraw(const routing& what);
    // What operators ask for (session_replay). Each says how many deliveries, or events where nothing takes
    // one, it has changed.
    /// Makes new deliveries of an event that is stored; one that isn't finished yet stays as it is.
    std::uint64_t replay(const routing& what);
    /// A dead delivery is pending again, with its attempts from one. Not one without a handler.
    std::uint64_t revive(const event_id& delivery, bool is_from_start);
    std::uint64_t discard(const event_id& delivery);
    /// Deliveries that wait for a handler that the configuration no longer has, oldest first.
    std::uint64_t discard_waiting(const std::string& handler, std::size_t limit);
    /// Adds an event from another file, unless it is there. One without deliveries that lies behind
    /// the routing cursor takes a new sequence: else it would never be routed.
    /// Gives it back where that is so.
    std::optional<stored_event> carry(const carried_event& what);
    /// Events of a damaged file that couldn't be carried, once: `unaccounted` tells of them from now on.
    void count_lost(std::int64_t older_file, std::uint64_t events);
    /// Takes over, once, what is known of events that left the older file before.
    void carry_departed(std::int64_t older_file, const departed_events& what);
    /// Removes events with all that belongs to them; one whose state is another by now stays.
    void expire(std::span<const finished_event> events);
    /// The same with events that leave before their time, to make room.
    void drop(std::span<const finished_event> events);
    /// A fresh file takes up the order where the older one was left. Before the first `begin`.
    void continue_behind(sequence last);
    void maintain(sequence oldest_needed);
    /// Gives a few pages that nothing is on back to the file system, at the next checkpoint.
    void give_back_pages();

    const ledger& accounts() const noexcept { return state_.accounts; }

    const std::map<std::string, handler_depth>& depths() const noexcept { return state_.depths; }

    sequence routed_up_to() const noexcept { return state_.routed_up_to; }

    sequence last_sequence() const noexcept { return state_.last_sequence; }

    /// 0: none was dropped.
    sequence dropped_up_to() const noexcept { return state_.dropped_up_to; }

    repeat_index& repeats() noexcept { return repeats_; }

    database& connection() noexcept { return database_; }

    int wal_frames() const noexcept { return wal_frames_; }

private:
    /// What a rollback must restore.
    struct running_state {
        ledger accounts;
        std::map<std::string, handler_depth> depths;
        std::map<std::string, std::int64_t, std::less<>> handler_ids;
        sequence routed_up_to = 0;
        sequence last_sequence = 0;
        sequence dropped_up_to = 0;
    };

    /// A delivery by its place in the tables.
    struct dead_row {
        sequence event = 0;
        std::int64_t handler = 0;
    };

    appended repeat_of(sequence earlier);
    bool is_within(sequence earlier, const event& what, std::chrono::milliseconds window);
    std::optional<sequence> sequence_of(const event_id& id);
    std::optional<delivery_state> outbox_state(sequence at);
    bool is_in_work_queue(sequence at);
    bool has_own_deliveries(sequence at);
    bool is_confirmed(sequence at);
    std::uint64_t publish_again(sequence at);
    void move_outbox_row(sequence at, delivery_state from, delivery_state to);
    /// The rows of an event's first route. False: some were there already.
    bool insert_route(const routing& what);
    std::shared_ptr<const event> remove_for_moving(sequence at, std::shared_ptr<const event> otherwise);
    std::optional<event_state> summary_of(sequence at);
    void settle_unwanted(const settlement& what, std::uint64_t ordering_key, std::uint32_t replay);
    /// A row for what goes to nobody: unrouted, or dead with that reason. False: it is there already.
    bool insert_nobody(sequence at, std::uint64_t ordering_key, std::uint32_t replay,
                       const std::string& dead_reason);
    bool insert_pending(const routing& what, const destination& to, std::uint32_t replay);
    std::uint32_t next_replay(sequence at);
    void keep_last_attempt(sequence at, std::int64_t handler);
    void give_up(const dead_row& what, delivery_state state_before);
    void remove_delivery(sequence at, std::int64_t handler);
    void forget_steps(sequence at, std::int64_t handler);
    bool has_deliveries(sequence at);
    std::optional<dead_row> find_dead(const event_id& delivery);
    std::string handler_name(std::int64_t id) const;
    void note_dead(sequence at, std::int64_t handler, const std::string& name, std::uint32_t replay);
    void forget_dead(sequence at, std::int64_t handler);

    /// Makes `change` to an event's deliveries, and counts the event as what it has become by that.
    template <typename Change>
    void recounted(sequence at, Change change) {
        const auto before = summary_of(at);
        change();
        recount(before, summary_of(at));
        is_changed_ = true;
    }

    void recount(std::optional<event_state> from, std::optional<event_state> to);
    void count(const std::string& handler, delivery_state state, int by);
    std::int64_t handler_id(const std::string& name);
    bool is_first_time(const std::string& mark);
    sequence next_sequence();
    void write_state();

    database database_;
    repeat_index repeats_;
    running_state state_;
    std::optional<running_state> at_begin_; ///< Of the transaction; between two, there is none.
    bool is_changed_ = false;
    int wal_frames_ = 0;

    std::unique_ptr<statement> begin_;
    std::unique_ptr<statement> commit_;
    std::unique_ptr<statement> insert_event_;
    std::unique_ptr<statement> insert_delivery_;
    std::unique_ptr<statement> find_delivery_;
    std::unique_ptr<statement> update_delivery_;
    std::unique_ptr<statement> delete_delivery_;
    std::unique_ptr<statement> insert_attempt_;
    std::unique_ptr<statement> insert_step_;
    std::unique_ptr<statement> states_of_event_;
    std::unique_ptr<statement> id_of_event_;
    std::unique_ptr<statement> received_at_;
    std::unique_ptr<statement> find_id_;
    std::unique_ptr<statement> has_other_delivery_;
    std::unique_ptr<statement> whole_event_;
    std::unique_ptr<statement> delete_event_;
    std::unique_ptr<statement> move_deliveries_;
    std::unique_ptr<statement> move_attempts_;
    std::unique_ptr<statement> move_steps_;
    std::unique_ptr<statement> move_dead_;
    std::unique_ptr<statement> set_fact_;
    std::unique_ptr<statement> set_depth_;
};

} // namespace outreachd::store
