/// The one thread that writes: it commits what waits, many with one flush, and acks first.
#pragma once

#include "daemon/store/clock_watch.hpp"
#include "daemon/store/file_set.hpp"
#include "daemon/store/session.hpp"
#include "daemon/store/store.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>

namespace outreachd::store {

/// What waits for the writer. Appends are bounded by 256 MiB of bodies and headers, over which nothing more
/// is taken but a larger one alone, and those whose connection is gone by 64 MiB; routes and settlements by
/// the dispatcher's windows; steps by one for each worker, of which a commit takes 4 MiB; what goes to and
/// comes from a broker by the relay's window and the intake's batches.
///
/// A failed commit is tried again every 100 ms until it succeeds. After a failed flush, or where the
/// file is damaged or the device goes on refusing it, it goes on in a fresh file; until what isn't finished
/// has been carried over to it (`is_carrying`), routes and settlements wait, while appends go on.
class writer {
public:
    writer(const file_set& files, std::chrono::milliseconds repeat_window, observer& watcher);

    /// The writer thread: returns after `stop`.
    void run();

    // Any thread.
    void append(verified_event genuine, std::chrono::milliseconds dedup_window, steady_time deadline,
                append_done done, answered_when when);
    void on_outbox(outbox_sink filled);
    void record_routes(std::vector<routing> routes, write_done done);
    void settle(settlement what, write_done done);
    void record_step(step_record what, write_done done);
    /// What an operator asks for: `work` says how many deliveries it has changed. It may run more than once,
    /// where a commit fails.
    void change(std::function<std::uint64_t(session&)> work, change_done done);
    /// What a broker has confirmed.
    void note_published(std::vector<event_id> events, write_done done);
    /// What came by a queue. It waits until everything before is routed, so that the cursor can follow.
    void take_in(std::vector<std::shared_ptr<const event>> events, routing_of decide, taken_in_done done);
    void on_committed(committed_sink sink);
    void on_answered(std::function<void()> all);
    void route_at_append(route_decision decide);
    /// What waits is written until `deadline`, then given up.
    void stop(steady_time deadline);
    /// Another thread failed on the file. It is no longer trusted after a failed flush, with a broken page,
    /// and where the device goes on refusing pages: whoever needs them would wait for ever.
    void note_failure(std::int64_t file, const database_error& failure);

    // The background thread.
    /// Before an older file of an earlier run is opened: SQLite would drop what stands behind a damaged place
    /// of its WAL. Throws database_error where that can't be mended for now.
    void mend_older(std::int64_t number);
    // Each returns after its commit, and is tried again until that succeeds. Nothing is written where `into`
    // isn't the file in use any more. False: stopping.
    /// Writes a piece of an older file.
    bool carry(std::int64_t into, const std::vector<carried_event>& events);
    bool carry_departed(std::int64_t into, std::int64_t older_file, const departed_events& what);
    bool count_lost(std::int64_t into, std::int64_t older_file, std::uint64_t events);
    /// Makes the repeat index of what was carried durable.
    bool seal_repeats(std::int64_t into);
    bool expire(std::int64_t into, const std::vector<finished_event>& events);
    bool drop(std::int64_t into, const std::vector<finished_event>& events);
    bool give_back_pages(std::int64_t into);
    /// What wasn't finished has been carried over to file `into`: routing goes on. False: that file
    /// isn't in use any more, and there is more to carry.
    bool end_carrying(std::int64_t into);
    /// Builds the filters of the repeat index from the file in use.
    void load_filters(database& from);

    // The checkpoint thread: finish the checkpoint between two commits.
    void finish_checkpoint() { wants_checkpoint_ = true; }

    bool is_carrying() const noexcept { return is_carrying_; }

    std::int64_t file() const noexcept { return file_; }

    int wal_frames() const noexcept { return wal_frames_; }

    /// As of the last commit.
    sequence routed_up_to() const noexcept { return routed_up_to_; }

    /// The same; 0: none was dropped.
    sequence dropped_up_to() const noexcept { return dropped_up_to_; }

    bool is_stopping() const noexcept { return is_stopping_; }

    ledger accounts() const;
    std::map<std::string, handler_depth> depths() const;
    std::optional<std::chrono::milliseconds> stalled_for() const;
    std::optional<std::chrono::milliseconds> hangs_for() const;
    /// Older files, to be carried over.
    std::vector<std::int64_t> older_files() const;

private:
    struct append_job {
        std::shared_ptr<const event> subject;
        std::chrono::milliseconds dedup_window{};
        steady_time deadline;
        append_done done; // empty: nobody waits any more
        answered_when when = answered_when::stored;
        session::appended result;
        std::optional<routing> route; // where it goes, recorded by the same commit

        std::size_t bytes() const; // of body and headers
    };

    struct route_job {
        std::vector<routing> routes;
        write_done done;
    };

    struct settle_job {
        settlement what;
        write_done done;
    };

    struct step_job {
        step_record what;
        write_done done;
    };

    struct change_job {
        std::function<std::uint64_t(session&)> work;
        change_done done;
        std::uint64_t changed = 0;
    };

    struct published_job {
        std::vector<event_id> events;
        write_done done;
    };

    struct take_in_job {
        std::vector<std::shared_ptr<const event>> events;
        routing_of decide;
        taken_in_done done;
        std::uint64_t taken = 0;
    };

    /// Is stored, and waits for a broker's confirm.
    struct unconfirmed_append {
        steady_time deadline;
        append_done done;
        append_result result;
    };

    struct background_job {
        std::function<void(session&)> work;
        bool is_done = false;
        bool is_failed = false; // rolled back: the acks must not wait for it
    };

    struct refused_pages {
        std::int64_t file = 0;
        int count = 0;
        steady_time first;
        steady_time last;
    };

    struct batch {
        std::vector<append_job> appends;
        std::vector<route_job> routes;
        std::vector<settle_job> settlements;
        std::vector<step_job> steps;
        std::vector<change_job> changes;
        std::vector<published_job> published;
        std::vector<take_in_job> taken_in;
        background_job* background = nullptr;
    };

    void open_newest();
    void open_fresh(std::int64_t number, sequence routed_up_to, sequence last_sequence);
    bool take_work(); // false: the end
    void write_batch();
    bool try_batch();
    void apply();
    void route_now(append_job& job);
    void replace_file();
    sequence cursor_of(std::int64_t number);
    void remove_what_was_made(std::int64_t number);
    void acknowledge();
    void answer(append_job& job);
    void answer_published(const std::vector<published_job>& jobs);
    void forget_late_appends();
    void tell_outbox(const batch& done);
    void tell_answered();
    void publish();
    void finish_checkpoint_now();
    void expire_appends(bool is_giving_up);
    bool expire(append_job& job, steady_time now, bool is_giving_up);
    void drop_late(std::size_t bytes_needed); // with mutex_ held
    void give_back_background();
    bool run_background(std::int64_t into, const std::function<void(session&)>& work);
    /// Whether a failure is a reason to go on in a fresh file. Counts pages that the device
    /// refuses, with mutex_ held.
    bool is_grave(std::int64_t file, const database_error& failure);
    bool has_work() const;    // with mutex_ held
    bool may_take_in() const; // with mutex_ held
    void give_back_take_ins_unless_routed();
    void give_back_dispatch_work(); // with mutex_ held
    bool is_given_up() const;

    const file_set& files_;
    const std::chrono::milliseconds repeat_window_;
    observer& watcher_;

    // Writer thread only.
    std::shared_ptr<session> session_; // set with mutex_ held; the background thread borrows it
    batch batch_;
    std::string distrust_cause_;
    bool is_refused_ = false; // the cause: the device refuses what is written, and nothing else
    bool is_wal_trusted_ = false;
    route_decision decide_now_;           // of this batch
    std::vector<stored_event> moved_;     // by this batch's carrying: they have new sequences
    bool has_carried_unfinished_ = false; // by this batch's carrying: nobody may have been told of it yet
    std::vector<stored_event> taken_;     // by this batch, from a queue
    clock_watch clock_;
    std::multimap<event_id, unconfirmed_append> unconfirmed_;
    steady_time next_look_at_unconfirmed_{};

    // The constructor's, then the background thread's: files of earlier runs that nobody has looked at.
    std::set<std::int64_t> unmended_;

    mutable std::mutex mutex_; // guards what follows
    std::condition_variable has_work_;
    std::condition_variable background_done_;
    std::deque<append_job> appends_;
    std::size_t waiting_bytes_ = 0;   // of appends_
    std::size_t abandoned_bytes_ = 0; // of those among them whose connection is gone
    std::deque<route_job> routes_;
    std::deque<settle_job> settlements_;
    std::deque<step_job> steps_;
    std::deque<change_job> changes_;
    std::deque<published_job> published_;
    std::deque<take_in_job> taken_in_;
    background_job* background_ = nullptr; // one at a time: its thread waits for it
    committed_sink sink_;
    std::function<void()> answered_;
    outbox_sink outbox_filled_;
    route_decision decide_;
    steady_time stop_deadline_{};
    ledger accounts_;
    std::map<std::string, handler_depth> depths_;
    std::string distrust_request_;
    std::int64_t distrusted_file_ = 0;
    refused_pages refused_pages_;
    bool is_finished_ = false;

    std::atomic<bool> is_stopping_ = false;
    std::atomic<bool> is_carrying_ = false;
    std::atomic<bool> wants_checkpoint_ = false;
    std::atomic<std::int64_t> file_ = 0;
    std::atomic<sequence> routed_up_to_ = 0;
    std::atomic<sequence> dropped_up_to_ = 0;
    std::atomic<int> wal_frames_ = 0;
    // Of the steady clock.
    std::atomic<std::int64_t> failing_since_ms_ = 0; // 0: the last commit succeeded
    std::atomic<std::int64_t> at_disk_since_ms_ = 0; // the last try; 0: the disk isn't asked for anything
};

} // namespace outreachd::store
