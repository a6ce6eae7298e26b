/// Requests whose signature had the right form and fitted no secret.
///
/// A mistyped or changed secret must not cost events for good, so such requests are kept for a while
/// and checked again when the secrets change. They are in a file of their own, without fsync.
#pragma once

#include "daemon/event/errc.hpp"
#include "daemon/event/event.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/quarantine_rate.hpp"
#include "daemon/store/quarantine_share.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

namespace outreachd::store {

/// What the quarantine tells of itself, for the log. Called on its thread; must not block and must not call
/// the quarantine.
class quarantine_observer {
public:
    quarantine_observer() = default;
    virtual ~quarantine_observer() = default;
    quarantine_observer(const quarantine_observer&) = delete;
    quarantine_observer& operator=(const quarantine_observer&) = delete;

    /// Its file can't be opened, read or written: a request that was to be kept is dropped, a recheck is
    /// tried again. As often as it happens. `cause` is SQLite's and the system's text.
    virtual void failed(std::string_view cause) = 0;
    /// A request was kept, or a recheck has read all. Called for each: must be cheap.
    virtual void worked() = 0;
};

/// Keeps requests within a bound for each endpoint.
///
/// One thread of its own owns the file. Oldest out first, and always of the peer address that takes
/// up most, so that one address can't push out all others'. At most 100 requests and 1 MiB a second of one
/// address are kept (bursts of 1,500 and 24 MiB), and 500 and 4 MiB of all (bursts of 4,000 and 64 MiB). At
/// most 64 MiB wait for the thread, 24 MiB of one address. What is over that is dropped and counted, and so
/// is what goes out for newer ones. Nothing a genuine event needs is shared with it but the disk. Without its
/// file (no space, no permission) nothing is kept, and the observer told.
class quarantine {
public:
    /// `watcher` outlives it, and where `stop` says that the thread hasn't ended, that.
    quarantine(const std::string& directory, quarantine_observer& watcher);
    /// As `stop`, and waits for as long as it takes.
    ~quarantine();
    quarantine(const quarantine&) = delete;
    quarantine& operator=(const quarantine&) = delete;

    /// Any thread; doesn't block. `bytes_max`: of the request's endpoint; 0 keeps nothing.
    void keep(received_request request, std::uint64_t bytes_max);

    enum class hearing {
        refused,  ///< Still not genuine.
        accepted, ///< An event now, and durable.
        again,    ///< Genuine, and couldn't be stored.
    };

    using judge = std::function<hearing(received_request& request)>;
    /// Offers every kept request to `judge`, oldest first, on the quarantine's thread; those it accepts
    /// are removed. Ends where one is to be heard again or the file can't be read, and begins anew 10 s
    /// later. A later judge takes an earlier one's place. Any thread; returns at once. `heard` is called
    /// after the first hearing, on that thread, with whether that was all of them; not where a later judge
    /// takes the place of this one.
    /// `once_more_after`: all that is kept then is heard again, by whichever judge came last. For what was on
    /// its way when `decide` learnt of something new.
    void recheck(judge decide, std::function<void(bool are_all_heard)> heard = {},
                 std::chrono::milliseconds once_more_after = {});

    /// A request as people see it.
    struct entry {
        std::int64_t number = 0; ///< Its id.
        std::int64_t bytes = 0;
        received_request request;
    };

    // What people ask. Any thread; blocks until the quarantine's thread has looked, at most `wait`; while a
    // recheck goes on it looks between two requests.
    // Errors: store_unavailable (the file can't be read now, or 16 others wait), deadline_passed (it looks
    // later: what was to be discarded is gone then), stopping, not_found.
    /// Newest first, without their bodies, headers and tokens; those before number `before`, where given.
    result<std::vector<entry>> list(std::size_t limit, std::optional<std::int64_t> before,
                                    std::chrono::milliseconds wait);
    result<entry> show(std::int64_t number, std::chrono::milliseconds wait);
    /// It is gone for good.
    result<bool> discard(std::int64_t number, std::chrono::milliseconds wait);

    /// Writes what waits, and waits for the thread until `until`. Whether it has ended: where it hasn't (a
    /// disk that hangs), the process must be left by _Exit. A recheck comes again with the next start.
    bool stop(steady_time until);

    /// How many are kept. Any thread.
    std::uint64_t size() const noexcept { return size_; }

    /// How many became events.
    std::uint64_t recovered() const noexcept { return recovered_; }

    /// How many were dropped since the start: over a rate, over what may wait, larger than all that is kept,
    /// pushed out by newer ones, or the file couldn't be written. Any thread.
    std::uint64_t dropped() const noexcept { return dropped_; }

private:
    using question = std::function<void(database&)>;
    static constexpr std::size_t questions_max = 16;

    struct job {
        received_request request;
        std::uint64_t held = 0; // in memory, of the request
        std::uint64_t bytes_max = 0;
        judge decide; // set: a recheck
        std::function<void(bool)> heard;
        question asked; // set: that alone
    };

    struct kept {
        std::int64_t number = 0;
        std::int64_t bytes = 0;
        received_request request;
    };

    void begin_stop();
    void run();
    void work();
    void open();
    std::optional<job> take_job();
    template <typename Answer>
    result<Answer> ask(std::function<result<Answer>(database&)> of, std::chrono::milliseconds wait);
    void remove(std::int64_t number, const std::string& endpoint, const std::string& peer,
                std::int64_t bytes);
    bool work_on(const job& next);
    void recheck_later(const judge& decide, bool are_all_heard);
    bool has_room(const std::string& peer, std::uint64_t bytes) const; // with mutex_ held
    bool is_stopping() const;
    void store_one(const received_request& request, std::uint64_t bytes_max);
    std::uint64_t make_room(const std::string& endpoint, std::uint64_t bytes_max);
    bool recheck_all(const judge& decide);
    void answer_questions();
    static std::optional<kept> read_next(statement& rows, std::int64_t after);

    const std::string file_;
    quarantine_observer& watcher_;
    // The thread's own.
    std::unique_ptr<database> database_;
    std::map<std::string, quarantine_share, std::less<>> shares_; // by endpoint

    mutable std::mutex mutex_; // guards what follows
    std::condition_variable has_job_;
    std::condition_variable ended_;
    std::deque<job> jobs_;
    std::uint64_t waiting_bytes_ = 0; // of jobs_
    std::map<std::string, std::uint64_t, std::less<>> waiting_by_peer_;
    std::deque<question> questions_;
    judge judge_; // set: a recheck is due
    std::function<void(bool)> heard_;
    steady_time recheck_at_;
    steady_time once_more_at_;
    std::size_t recheck_after_ = 0; // so many of jobs_ came before it
    quarantine_rates rates_;
    bool is_stopping_ = false;
    bool has_ended_ = false;

    std::atomic<std::uint64_t> size_ = 0;
    std::atomic<std::uint64_t> recovered_ = 0;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::thread thread_;
};

} // namespace outreachd::store
