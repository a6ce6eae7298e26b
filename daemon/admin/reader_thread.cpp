/// The one thread on which the admin server reads the store.
#include "daemon/admin/reader_thread.hpp"

#include "daemon/thread/quiet_thread.hpp"

#include <exception>
#include <utility>

namespace outreachd::admin {

reader_thread::reader_thread(store::store& from, log::logger& log)
    : store_(from), log_(log), thread_(start_quiet_thread("admin reader", [this] { run(); })) {}

reader_thread::~reader_thread() {
    begin_stop();
    thread_.join();
}

void reader_thread::begin_stop() {
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
        waiting_.clear();
    }
    changed_.notify_one();
}

bool reader_thread::stop(steady_time until) {
    begin_stop();
    std::unique_lock lock{mutex_};
    return ended_.wait_until(lock, until, [this] { return has_ended_; });
}

bool reader_thread::submit(read_job read, std::weak_ptr<const void> wanted, done answered) {
    {
        const std::lock_guard lock{mutex_};
        if (is_stopping_ || waiting_.size() >= waiting_max)
            return false;
        waiting_.push_back({std::move(read), std::move(wanted), std::move(answered)});
    }
    changed_.notify_one();
    return true;
}

void reader_thread::run() {
    for (;;) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (is_stopping_)
            break;
        const task next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        if (!next.wanted.expired())
            next.answered(answer(next.read));
    }
    reader_.reset(); // It belongs to this thread.
    const std::lock_guard lock{mutex_};
    has_ended_ = true;
    ended_.notify_all();
}

response reader_thread::answer(const read_job& read) {
    try {
        if (!reader_)
            reader_ = store_.open_reader();
        response made = read(*reader_);
        if (made.status == 503)
            reader_.reset(); // The file may have been replaced; the next read opens it anew.
        return made;
    } catch (const std::exception& failed) {
        reader_.reset();
        log_.error("admin request failed on reading the store", {{"cause", failed.what()}});
        return error_answer(503, "the store can't be read now; the log says why");
    }
}

} // namespace outreachd::admin
