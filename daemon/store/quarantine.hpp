/// Requests whose signature had the right form and fitted no secret (design section 1.5).
///
/// A mistyped or changed secret must not cost events for good, so such requests are kept for a while
/// and checked again when the secrets change. They are in a file of their own, without fsync.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/store/database.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace outreachd::store {

/// Keeps requests within a bound for each endpoint.
///
/// One thread of its own owns the file. Oldest out first, and always of the peer address that takes
/// up most, so that one address can't push out all others'. At most 100 requests a second of one address
/// are kept (bursts of 1,500) and 500 of all (bursts of 4,000), and at most 16 MiB wait for the thread; what
/// is over that is dropped and counted. Nothing a genuine event needs is shared with it. Without its file
/// (no space, no permission) nothing is kept.
class quarantine {
public:
    explicit quarantine(const std::string& directory);
    /// As `stop`, and waits for as long as it takes.
    ~quarantine();
    quarantine(const quarantine&) = delete;
    quarantine& operator=(const quarantine&) = delete;

    /// Any thread; doesn't block. `bytes_max`: of the request's endpoint; 0 keeps nothing.
    void keep(received_request request, std::uint64_t bytes_max);

    /// True: the request is an event now, and durable.
    using judge = std::function<bool(received_request& request)>;
    /// Offers every kept request to `judge`, oldest first, on the quarantine's thread; those it takes
    /// are removed. Any thread; returns at once.
    void recheck(judge decide);

    /// Writes what waits, and waits for the thread until `until`. Whether it has ended: where it hasn't (a
    /// disk that hangs), the process must be left by _Exit. A recheck comes again with the next start.
    bool stop(steady_time until);

    /// How many are kept. Any thread.
    std::uint64_t size() const noexcept { return size_; }

    /// How many became events.
    std::uint64_t recovered() const noexcept { return recovered_; }

    /// How many were dropped since the start: over a rate, over what may wait, larger than all that is kept,
    /// or the file couldn't be written. Any thread.
    std::uint64_t dropped() const noexcept { return dropped_; }

private:
    struct job {
        received_request request;
        std::uint64_t bytes_max = 0;
        judge decide; // set: a recheck
    };

    struct share {
        std::uint64_t total = 0;
        std::map<std::string, std::uint64_t, std::less<>> by_peer;
        std::set<std::pair<std::uint64_t, std::string>> by_size;
        void change(const std::string& peer, std::int64_t bytes);
    };

    /// So many a second, and so many at once after a while without any.
    struct bucket {
        double tokens;
        steady_time refilled_at;
        bool take(double per_second, double burst, steady_time now);
    };

    /// A bucket for each peer that came lately, in two generations so that they stay bounded: those of the
    /// older one that aren't asked for again are forgotten with it.
    struct peer_buckets {
        std::map<std::string, bucket, std::less<>> younger;
        std::map<std::string, bucket, std::less<>> older;
        steady_time begun_at; // the younger one
        bool take(const std::string& peer, steady_time now);
    };

    void begin_stop();
    void run();
    void work();
    void open();
    bool is_within_rate(const std::string& peer);
    bool is_stopping() const;
    void store_one(const received_request& request, std::uint64_t bytes_max);
    void make_room(const std::string& endpoint, std::uint64_t bytes_max);
    void recheck_all(const judge& decide);

    const std::string file_;
    // The thread's own.
    std::unique_ptr<database> database_;
    std::map<std::string, share, std::less<>> shares_; // by endpoint

    mutable std::mutex mutex_; // guards what follows
    std::condition_variable has_job_;
    std::condition_variable ended_;
    std::deque<job> jobs_;
    std::uint64_t waiting_bytes_ = 0;
    peer_buckets peer_rates_;
    bucket rate_;
    bool is_stopping_ = false;
    bool has_ended_ = false;

    std::atomic<std::uint64_t> size_ = 0;
    std::atomic<std::uint64_t> recovered_ = 0;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::thread thread_;
};

} // namespace outreachd::store
