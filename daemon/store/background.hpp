/// The store's two other threads: checkpoints, and everything that may take its time.
#pragma once

#include "daemon/store/carry_over.hpp"
#include "daemon/store/expiry.hpp"
#include "daemon/store/file_set.hpp"
#include "daemon/store/writer.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace outreachd::store {

/// Sleeps that end at once when the store stops.
class stop_signal {
public:
    void stop();
    /// True: stopping.
    bool wait_for(std::chrono::milliseconds time);

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopped_ = false;
};

/// Copies the WAL into the database from a connection and thread of its own, so that no ack waits
/// for it. Where the writer is never idle, the last few frames are left to it.
class checkpointer {
public:
    checkpointer(const file_set& files, writer& owner, stop_signal& stop)
        : files_(files), writer_(owner), stop_(stop) {}

    void run();

private:
    void checkpoint();

    const file_set& files_;
    writer& writer_;
    stop_signal& stop_;
    std::unique_ptr<database> database_;
    std::int64_t file_ = 0;
    int seen_frames_ = 0;
};

/// Carries older files over, loads the repeat index's filters, checks every stored row once after
/// the start, removes what is old, and keeps the age of each handler's oldest delivery.
class background {
public:
    background(const file_set& files, writer& owner, observer& watcher, std::atomic<std::uint64_t>& damaged,
               stop_signal& stop, expiry old)
        : files_(files), writer_(owner), watcher_(watcher), damaged_(damaged), stop_(stop),
          expiry_(std::move(old)) {}

    void run();

    /// As of the last look. Any thread.
    unfinished_view unfinished() const;

    /// Bytes that must be free before an older file is carried over, or on. Any thread.
    std::optional<std::uint64_t> room_wanted() const;

private:
    enum class carried { all, unreadable, out_of_reach, later };

    bool pause();
    void carry_older_files();
    std::vector<std::unique_ptr<carry_over>> open_older(std::int64_t into);
    carried carry_rest(const std::vector<std::unique_ptr<carry_over>>& older);
    void attempt(const std::function<void()>& work);
    void look_around();
    bool wait_for_older();
    bool has_room();
    bool waits_for_reserve();
    void want_room_to_mend();
    void want_room(std::uint64_t bytes);
    bool may_remove() const;
    void follow_writer();
    void look_for_unfinished();
    void check_some_rows();
    void remove_some_events();

    const file_set& files_;
    writer& writer_;
    observer& watcher_;
    std::atomic<std::uint64_t>& damaged_;
    stop_signal& stop_;
    expiry expiry_;
    std::unique_ptr<database> database_;
    std::int64_t file_ = 0;
    bool may_have_older_ = true;
    std::int64_t waits_for_room_ = 0; ///< The file into which only what is unfinished was carried.
    sequence newest_waiting_ = 0;     ///< Of the files that wait for room.
    std::atomic<std::uint64_t> room_wanted_ = 0;
    sequence checked_up_to_ = 0;
    bool is_checked_ = false;
    int seen_frames_ = 0;

    mutable std::mutex mutex_; // guards unfinished_
    unfinished_view unfinished_;
};

} // namespace outreachd::store
