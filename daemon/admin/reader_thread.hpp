/// The one thread on which the admin server reads the store.
#pragma once

#include "daemon/admin/message.hpp"
#include "daemon/event/timestamp.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/store/store.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace outreachd::admin {

/// Makes an answer from the store. Runs on the reader thread.
using read_job = std::function<response(store::reader&)>;

/// A client waits no longer for what is made here. `client` and the dashboard wait longer than this.
inline constexpr std::chrono::seconds read_timeout{8};
/// For `store::options::list_time_max`.
inline constexpr std::chrono::seconds search_time_max{2};

/// A disk that hangs holds this thread, and never the one that answers `/livez`.
class reader_thread {
public:
    /// Reads that wait at most; one more is refused.
    static constexpr std::size_t waiting_max = 32;

    using done = std::function<void(response)>;

    reader_thread(store::store& from, log::logger& log);
    /// As `stop`, and waits for as long as it takes.
    ~reader_thread();
    reader_thread(const reader_thread&) = delete;
    reader_thread& operator=(const reader_thread&) = delete;

    /// Runs `read` and gives `answered` its answer, on the reader thread. False where too many wait.
    /// Where nobody holds `wanted` any longer when its turn comes, the read is left out.
    bool submit(read_job read, std::weak_ptr<const void> wanted, done answered);

    /// Drops the reads that wait, without an answer, and waits for the one that runs until `until`. Whether
    /// it has ended: where it hasn't, it still uses all of this, and the process must be left by _Exit.
    bool stop(steady_time until);

private:
    struct task {
        read_job read;
        std::weak_ptr<const void> wanted;
        done answered;
    };

    void begin_stop();
    void run();
    response answer(const read_job& read);

    store::store& store_;
    log::logger& log_;
    std::unique_ptr<store::reader> reader_; ///< Of the reader thread alone; opened when first needed.

    std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable ended_;
    std::deque<task> waiting_;
    bool is_stopping_ = false;
    bool has_ended_ = false;

    std::thread thread_; ///< Last: it uses all of the above.
};

} // namespace outreachd::admin
