/// The one durability point: SQLite in WAL mode, written by one thread.
#pragma once

#include "daemon/event/errc.hpp"
#include "daemon/event/verified_event.hpp"
#include "daemon/store/records.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace outreachd::store {

/// How long finished events are kept, from their last delivery's end on, and how large the store may become.
struct retention {
    std::chrono::milliseconds done = std::chrono::hours{24 * 7};
    std::chrono::milliseconds unrouted = std::chrono::hours{24 * 30};
    std::chrono::milliseconds dead = std::chrono::hours{24 * 90};
    /// Above it done events go, then unrouted ones, oldest first; pending and dead ones never.
    std::uint64_t size_bytes_max = 10ULL * 1024 * 1024 * 1024;
};

struct options {
    std::string directory;
    /// The longest `dedup_window` of all endpoints: what is older needn't be known as a repeat.
    std::chrono::milliseconds repeat_window = std::chrono::hours{24};

    struct retention retention {};

    /// A list that people ask for is searched for that long; what was found by then is the answer.
    std::chrono::milliseconds list_time_max = std::chrono::seconds{5};
};

/// What the store tells of itself, for the log, the metrics and `/readyz`. Called on whatever thread meets
/// it: the store's own, the one that makes the store, and each that reads, several at once. Must not block
/// and must not call the store.
class observer {
public:
    observer() = default;
    virtual ~observer() = default;
    observer(const observer&) = delete;
    observer& operator=(const observer&) = delete;

    /// A commit failed; it is tried again until it succeeds. `cause` is SQLite's and the system's text. On
    /// the writer thread alone.
    virtual void write_failed(std::string_view cause) = 0;
    /// The file can't be opened or read; whoever needs it tries again. As often as it is tried.
    virtual void read_failed(std::string_view cause) = 0;
    /// A commit succeeded, so long after it was begun. Called for each: must be cheap. On the writer thread
    /// alone.
    virtual void written(std::chrono::milliseconds took) = 0;
    /// The database file is no longer trusted; the store goes on in `fresh`.
    virtual void set_aside(std::string_view file, std::string_view fresh, std::string_view cause) = 0;
    /// What was carried over from a file that was set aside; `lost` rows could not be read.
    virtual void carried_over(std::string_view file, std::uint64_t events, std::uint64_t lost) = 0;
    /// An older file isn't carried over, or not on, before the disk has so many bytes free. Once, until it
    /// goes on.
    virtual void waits_for_room(std::string_view directory, std::uint64_t bytes) = 0;
    /// A stored row whose checksum doesn't hold.
    virtual void damaged(sequence at, std::string_view file) = 0;
    /// The wall clock was set forward: for `clock_watch::doubt` no event is removed for its age.
    virtual void clock_jumped(std::chrono::seconds by) = 0;
};

/// When an append is answered.
enum class answered_when {
    stored,    ///< Once it would survive a power cut.
    published, ///< Once a broker has confirmed it, too (`note_published`).
};

struct append_result {
    event_id id{};          ///< Of the event, or of the one that this is a repeat of.
    bool is_repeat = false; ///< Not stored again.
};

/// Called at most once, on whatever thread: the writer's, the one that calls `append`, before that returns,
/// or one that appends another event. The store's lock may be held: must not block and must not call the
/// store.
using append_done = std::function<void(error_code, append_result)>;
using write_done = std::function<void()>;
/// How many events were new to the store.
using taken_in_done = std::function<void(std::uint64_t taken)>;
/// How many deliveries were changed.
using change_done = std::function<void(std::uint64_t changed)>;

/// Where freshly committed events are offered, in order. Called on the writer thread after the acks;
/// must not block. One that has no room drops them and reads them back later. An empty span says that
/// events were committed which weren't offered: all behind the routing cursor must be read back.
using committed_sink = std::function<void(std::span<const stored_event>)>;

/// Says where an event goes, if that can be said at once; nothing where it takes longer. Called on the
/// writer thread, inside the transaction: pure, some microseconds.
using route_decision = std::function<std::optional<routing>(const stored_event&)>;

/// Where an event goes that came by a queue. As above.
using routing_of = std::function<routing(const stored_event&)>;

/// To the outbox: the event waits for a broker. One whose row is damaged is dead instead.
routing route_to_outbox(const stored_event& stored);

/// `has_older`: not only behind all that was there.
using outbox_sink = std::function<void(bool has_older)>;

class reader;
class engine;

/// The store. Thread-safe. Made before everything that uses it, and destroyed after.
///
/// Threads: one writes and commits; one makes checkpoints; one checks, carries over and removes what is old
/// in the background. Readers belong to the thread that opened them.
class store {
public:
    /// Opens or creates the store. A damaged database is set aside and salvaged, never a reason to
    /// refuse. Throws std::runtime_error, naming path and cause, where the directory can't be used,
    /// another process holds it, or the schema is newer than this program.
    store(const options& configured, observer& watcher);
    ~store();
    store(const store&) = delete;
    store& operator=(const store&) = delete;

    /// Where committed events are offered from now on.
    void on_committed(committed_sink sink);

    /// From now on events are routed by the commit that stores them, as long as all before them are.
    /// One commit for both is half the work. Null: no more.
    void route_at_append(route_decision decide);

    /// Called on the writer thread behind the last answer of each commit, so that those who wait can be
    /// woken together. Must not block.
    void on_answered(std::function<void()> all);

    /// Appends one event. `done` gets success once the event, or the one it repeats, would survive a
    /// power cut. Failed commits are tried again until `deadline`, then `done` gets deadline_passed;
    /// the event may still be stored later, and is then delivered. One that waits for a broker isn't told
    /// at its deadline, and gets nothing after it. Never blocks.
    void append(verified_event genuine, std::chrono::milliseconds dedup_window, steady_time deadline,
                append_done done, answered_when when = answered_when::stored);

    /// Called behind each commit by which events may have come into the outbox; not where they are carried
    /// over from a file that was set aside, or take a new place in it. On the writer thread; must not block.
    /// Null: no more.
    void on_outbox(outbox_sink filled);

    /// Records where events go, in order, and moves the routing cursor behind the last of them.
    /// Tried until it succeeds. `done` runs on the writer thread, after the commit.
    void record_routes(std::vector<routing> routes, write_done done);

    /// Records what became of an attempt. Tried until it succeeds. `done` as above.
    void settle(settlement what, write_done done);

    /// Records what a step of a delivery gave. Of one that is over by then it isn't kept. As above.
    void record_step(step_record what, write_done done);

    // What goes to a broker and comes from it. Each is one commit, tried until it succeeds; `done` as above.
    /// A broker has confirmed these events: they leave the outbox.
    void note_published(std::vector<event_id> events, write_done done);
    /// Events that came by a queue, in order: each is stored and routed, unless the store has it and has
    /// routed it already, by its id. One of the store's own that comes back is routed now. Waits until all
    /// before is routed.
    void take_in(std::vector<std::shared_ptr<const event>> events, routing_of decide, taken_in_done done);

    // What operators ask for. Each is one commit, tried until it succeeds; `done` runs on the writer thread
    // after it, or never, where the store is stopped before. What is pending by it is offered to the
    // committed sink by an empty span. At most some hundreds at a time: an ack waits meanwhile.
    /// Makes new deliveries of events that are stored and routed. What isn't finished
    /// stays as it is, and so does an event that goes to nobody.
    void replay(std::vector<routing> routes, change_done done);
    /// Dead deliveries are pending again, with their attempts from one, and go on behind the steps that are
    /// done, or begin anew. By their ids; one that isn't dead (any more), or has no handler, is passed over.
    void revive(std::vector<event_id> dead, bool is_from_start, change_done done);
    /// Gives dead deliveries up: they are kept as `discarded` for as long as done ones.
    void discard(std::vector<event_id> dead, change_done done);
    /// The same with deliveries that wait for `handler`, oldest first. Not for one that has workers.
    void discard_waiting(std::string handler, std::size_t limit, change_done done);
    /// Events of the outbox go to handlers of this host, since there is no broker any more. Those that their
    /// work queues have are published.
    void withdraw(std::vector<routing> routes, change_done done);

    /// Commits what waits and stops the threads; what comes later gets `stopping`. Blocks half a second more
    /// than `timeout`, the time a failing disk is waited for. Called once, before the destructor or by it.
    /// False: a thread hangs and goes on holding the observer; leave by _Exit.
    bool stop(std::chrono::milliseconds timeout);

    /// A reader for the calling thread's own use. Throws where the database can't be opened, which the
    /// observer is told, too.
    std::unique_ptr<reader> open_reader();

    /// As of the last commit. Thread-safe, doesn't block on the disk.
    ledger accounts() const;
    std::vector<handler_depth> depths() const;
    /// What waits for a broker. `last_error`: of an event that it doesn't take.
    handler_depth outbox() const;
    /// All events up to it are stored and routed.
    sequence routed_up_to() const;
    /// Of events up to then some may have left since the store was too large, before `retention` would have
    /// it by their age. Nothing where none have.
    std::optional<wall_time> dropped_up_to() const;
    /// Some 250 ms old, longer where the disk is slow. What was finished then may be pending again since, by
    /// a replay.
    unfinished_view unfinished() const;
    /// Dead deliveries without a handler: of bodies that can't be read, and that no route takes.
    std::uint64_t dead_without_handler() const;
    /// Since when commits have been failing or hanging; nothing where all is well.
    std::optional<std::chrono::milliseconds> stalled_for() const;
    /// Since when the disk hasn't come back from what the writer asked of it last. Nothing where it does,
    /// though it be with an error each time.
    std::optional<std::chrono::milliseconds> hangs_for() const;
    /// What isn't finished is still being carried over from an older file: it isn't counted yet, nothing is
    /// routed, and nobody reads for deliveries.
    bool is_carrying_over() const;
    /// How many bytes the disk must have free before an older file is carried over; nothing where none waits
    /// for that. Its events are in no list until then.
    std::optional<std::uint64_t> room_wanted() const;
    /// Rows found damaged since the start.
    std::uint64_t damaged_rows() const;
    /// The database file in use.
    std::string file() const;

private:
    std::shared_ptr<engine> engine_; // shared with its threads alone
    std::vector<std::thread> threads_;
};

/// Reads what deliveries are made of. One thread at a time; no call keeps a read transaction over 200 ms.
///
/// Errors of all: store_unavailable (the file can't be read now; the observer has been told the cause) and
/// being_carried_over. A damaged row is a null `subject`.
class delivery_reader {
public:
    delivery_reader() = default;
    virtual ~delivery_reader() = default;
    delivery_reader(const delivery_reader&) = delete;
    delivery_reader& operator=(const delivery_reader&) = delete;

    /// Everything up to and including it has been routed.
    virtual result<sequence> routed_up_to() = 0;
    /// The events behind `after`, in order: at most `limit`, or `bytes_max` of bodies, but always one.
    virtual result<std::vector<stored_event>> events_after(sequence after, std::size_t limit,
                                                           std::size_t bytes_max) = 0;
    /// Error: not_found.
    virtual result<stored_event> event_at(sequence at) = 0;
    /// Deliveries of `handler` that aren't done or dead, behind `after`, in order, at most `limit`.
    virtual result<std::vector<unfinished_delivery>> unfinished(std::string_view handler, sequence after,
                                                                std::size_t limit) = 0;
    /// What the steps of a delivery gave that are done, in order.
    virtual result<std::vector<std::string>> step_results(std::string_view handler, sequence at) = 0;
};

/// Reads all of the store, on the same terms: lists may come in pieces that are not of one moment.
class reader : public delivery_reader {
public:
    /// Those of that resource among the next some thousand behind `after`, whose bodies alone are read.
    virtual result<events_of_resource> next_of_resource(std::string_view resource, sequence after) = 0;
    /// The events at `places` whose delivery of `handler` isn't done or dead now, nothing for the others; of
    /// as many places as `bytes_max` of bodies hold, but always of one. All of one moment.
    virtual result<std::vector<std::optional<unfinished_event>>>
    unfinished_events(std::string_view handler, std::span<const sequence> places, std::size_t bytes_max) = 0;

    virtual result<found_list<event_record>> list(const event_filter& what) = 0;
    /// Error: not_found, where `what.before` isn't dead (any more).
    virtual result<found_list<dead_delivery>> list_dead(const dead_filter& what) = 0;
    /// The event of a dead delivery. Error: not_found.
    virtual result<event_id> event_of_dead(const event_id& delivery) = 0;
    /// Error: not_found.
    virtual result<event_story> story(const event_id& id) = 0;
};

} // namespace outreachd::store
