/// A store in memory that can be held up and made to fail, for tests of the dispatcher.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace outreachd::dispatch::test {

/// Keeps events, routes and deliveries as the real one does, and commits on a thread of its own. It
/// checks as it goes: routes in order and once, a delivery settled only while it is unfinished.
/// Outlives the dispatchers that work on it, so that a restart is a second dispatcher.
class memory_store {
public:
    struct row {
        store::unfinished_delivery now;
        std::string reason;
        std::size_t settlements = 0;
    };

    memory_store();
    ~memory_store();
    memory_store(const memory_store&) = delete;
    memory_store& operator=(const memory_store&) = delete;

    /// Commits one event and offers it to the dispatcher, as the writer thread does.
    sequence add(const std::string& resource_id, const std::string& name = "task.completed",
                 std::size_t body_bytes = 10);
    /// Commits an event without offering it.
    sequence add_quietly(const std::string& resource_id, std::size_t body_bytes = 10);
    void damage(sequence at);
    /// Whether `event_at` finds it.
    void hide(sequence at, bool is_hidden);
    /// Adds a pending delivery, as if it came from a file that was set aside, and says so.
    void carry_in(const std::string& handler, sequence at);

    void hold_commits(bool is_held);
    /// Holds up settlements alone: routes are committed past them.
    void hold_settlements(bool is_held);
    /// So many reads from now on fail.
    void fail_reads(std::size_t count, errc failure = errc::store_unavailable);

    /// Waits until `fits` holds, given the lock. False after 20 s.
    template <typename Predicate>
    bool wait_until(Predicate fits) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{20}, fits);
    }

    bool wait_for_finished(const std::string& handler, std::size_t count);
    bool wait_for_routed(std::size_t count);

    // Of use within `wait_until`, or when nothing runs.
    std::size_t finished(const std::string& handler) const;
    const row& delivery(const std::string& handler, sequence at) const;

    const store::routing& routing_of(sequence at) const { return routings_.at(at); }

    std::size_t routed() const { return routings_.size(); }

    std::size_t waiting_commits() const { return writes_.size(); }

    std::size_t failed_reads() const { return failed_reads_; }

    std::size_t single_reads() const { return single_reads_; }

    std::size_t missed_reads() const { return missed_reads_; }

    std::size_t largest_batch() const { return largest_batch_; }

    std::vector<std::string> violations() const;

    std::unique_ptr<delivery_store> open();

private:
    friend class memory_view;
    friend class memory_reader;

    sequence insert(const std::string& resource_id, const std::string& name, std::size_t body_bytes);

    struct write {
        bool is_settlement;
        std::function<void()> change;
        store::write_done done;
    };

    void enqueue(write waiting);
    std::deque<write>::iterator next_write();
    void commit_for_ever();
    void apply(const std::vector<store::routing>& routes);
    void apply(const store::settlement& what);
    bool is_read_failing();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<sequence, store::stored_event> events_;
    std::map<sequence, store::routing> routings_;
    std::map<std::string, std::map<sequence, row>, std::less<>> deliveries_;
    std::map<std::pair<std::string, sequence>, std::vector<std::string>> steps_;
    std::vector<std::string> violations_;
    sequence last_ = 0;
    sequence cursor_ = 0;
    store::committed_sink sink_;
    std::deque<write> writes_;
    bool is_held_ = false;
    bool holds_settlements_ = false;
    bool is_stopping_ = false;
    std::size_t reads_to_fail_ = 0;
    std::size_t failed_reads_ = 0;
    errc read_failure_ = errc::store_unavailable;
    std::size_t single_reads_ = 0;
    std::size_t missed_reads_ = 0;
    std::set<sequence> hidden_;
    std::size_t largest_batch_ = 0;
    std::thread writer_;
};

} // namespace outreachd::dispatch::test
