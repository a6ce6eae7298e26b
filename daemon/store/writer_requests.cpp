/// What other threads ask of the writer thread.
#include "daemon/store/writer.hpp"

namespace outreachd::store {

namespace {

constexpr std::chrono::milliseconds stall_threshold{1000};
constexpr std::size_t append_bytes_max = 256UL * 1024 * 1024;
constexpr std::chrono::milliseconds patience_with_background{500};
/// So many pages of one file that the device refused, over so long: it isn't a moment's trouble.
constexpr int refused_pages_max = 5;
constexpr std::chrono::seconds refused_pages_time{2};
constexpr std::chrono::minutes refused_page_memory{1};

} // namespace

std::size_t writer::append_job::bytes() const {
    std::size_t bytes = subject->body.size();
    for (const header& one : subject->headers)
        bytes += one.name.size() + one.value.size();
    return bytes;
}

void writer::append(verified_event genuine, std::chrono::milliseconds dedup_window, steady_time deadline,
                    append_done done, answered_when when) {
    append_job job{std::make_shared<const event>(std::move(genuine).take()),
                   dedup_window,
                   deadline,
                   std::move(done),
                   when,
                   {},
                   {}};
    {
        const std::scoped_lock lock(mutex_);
        const std::size_t bytes = job.bytes();
        if (waiting_bytes_ + bytes > append_bytes_max)
            drop_late(bytes);
        if (!is_stopping_ && (waiting_bytes_ + bytes <= append_bytes_max || appends_.empty())) {
            waiting_bytes_ += bytes;
            appends_.push_back(std::move(job));
            has_work_.notify_one();
            return;
        }
    }
    job.done(is_stopping_ ? errc::stopping : errc::store_unavailable, {});
}

/// While the writer hangs in the disk, nobody else makes room for what comes: those whose senders have been
/// told "not stored" go first.
void writer::drop_late(std::size_t bytes_needed) {
    const auto now = std::chrono::steady_clock::now();
    while (!appends_.empty() && waiting_bytes_ + bytes_needed > append_bytes_max) {
        append_job& oldest = appends_.front();
        const std::size_t bytes = oldest.bytes();
        if (!oldest.done)
            abandoned_bytes_ -= bytes;
        else if (!expire(oldest, now, false))
            return;
        waiting_bytes_ -= bytes;
        appends_.pop_front();
    }
}

void writer::record_routes(std::vector<routing> routes, write_done done) {
    const std::scoped_lock lock(mutex_);
    if (is_finished_)
        return;
    routes_.push_back({std::move(routes), std::move(done)});
    has_work_.notify_one();
}

void writer::settle(settlement what, write_done done) {
    const std::scoped_lock lock(mutex_);
    if (is_finished_)
        return;
    settlements_.push_back({std::move(what), std::move(done)});
    has_work_.notify_one();
}

void writer::record_step(step_record what, write_done done) {
    const std::scoped_lock lock(mutex_);
    if (is_finished_)
        return;
    steps_.push_back({std::move(what), std::move(done)});
    has_work_.notify_one();
}

void writer::change(std::function<std::uint64_t(session&)> work, change_done done) {
    const std::scoped_lock lock(mutex_);
    if (is_finished_)
        return;
    changes_.push_back({std::move(work), std::move(done)});
    has_work_.notify_one();
}

void writer::note_published(std::vector<event_id> events, write_done done) {
    const std::scoped_lock lock(mutex_);
    if (is_finished_)
        return;
    published_.push_back({std::move(events), std::move(done)});
    has_work_.notify_one();
}

void writer::take_in(std::vector<std::shared_ptr<const event>> events, routing_of decide,
                     taken_in_done done) {
    const std::scoped_lock lock(mutex_);
    if (is_finished_)
        return;
    taken_in_.push_back({std::move(events), std::move(decide), std::move(done)});
    has_work_.notify_one();
}

void writer::on_committed(committed_sink sink) {
    const std::scoped_lock lock(mutex_);
    sink_ = std::move(sink);
}

void writer::on_answered(std::function<void()> all) {
    const std::scoped_lock lock(mutex_);
    answered_ = std::move(all);
}

void writer::on_outbox(outbox_sink filled) {
    const std::scoped_lock lock(mutex_);
    outbox_filled_ = std::move(filled);
}

void writer::route_at_append(route_decision decide) {
    const std::scoped_lock lock(mutex_);
    decide_ = std::move(decide);
}

void writer::stop(steady_time deadline) {
    const std::scoped_lock lock(mutex_);
    stop_deadline_ = deadline;
    is_stopping_ = true;
    has_work_.notify_all();
    background_done_.notify_all();
}

bool writer::is_grave(std::int64_t file, const database_error& failure) {
    if (failure.is_failed_sync() || failure.is_damage())
        return true;
    if (!failure.is_unreadable_page() && !failure.is_unwritable_page())
        return false;
    const auto now = std::chrono::steady_clock::now();
    refused_pages& seen = refused_pages_;
    if (file != seen.file || now - seen.last > refused_page_memory)
        seen = {file, 0, now, now};
    seen.last = now;
    return ++seen.count >= refused_pages_max && now - seen.first >= refused_pages_time;
}

void writer::note_failure(std::int64_t file, const database_error& failure) {
    const std::scoped_lock lock(mutex_);
    if (file != file_ || !is_grave(file, failure))
        return; // it is set aside already, or will do
    distrusted_file_ = file;
    distrust_request_ = failure.what();
    has_work_.notify_one();
}

bool writer::run_background(std::int64_t into, const std::function<void(session&)>& work) {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        // Only the writer thread takes up another file, so the one asked for is in use or will never be
        // again.
        background_job job{[this, into, &work](session& to) {
                               if (file_ == into)
                                   work(to);
                           },
                           false, false};
        background_ = &job;
        has_work_.notify_one();
        // The job lives here: wait until the writer has done with it, or has ended.
        background_done_.wait(lock, [&] { return job.is_done || job.is_failed || is_finished_; });
        if (background_ == &job)
            background_ = nullptr;
        if (job.is_done)
            return true;
        background_done_.wait_for(lock, patience_with_background, [this] { return is_stopping_.load(); });
    }
    return false;
}

bool writer::carry(std::int64_t into, const std::vector<carried_event>& events) {
    return run_background(into, [this, &events](session& to) {
        const std::uint64_t unfinished = to.accounts().pending;
        for (const carried_event& one : events)
            if (auto moved = to.carry(one))
                moved_.push_back(std::move(*moved));
        // Until all is carried nobody reads, and then all is read.
        has_carried_unfinished_ = !is_carrying_ && to.accounts().pending > unfinished;
    });
}

bool writer::carry_departed(std::int64_t into, std::int64_t older_file, const departed_events& what) {
    return run_background(into, [=](session& to) { to.carry_departed(older_file, what); });
}

bool writer::count_lost(std::int64_t into, std::int64_t older_file, std::uint64_t events) {
    return run_background(into, [=](session& to) { to.count_lost(older_file, events); });
}

bool writer::seal_repeats(std::int64_t into) {
    // The first finishes the run being written, the second writes the rest as another.
    const auto seal = [](session& to) { to.repeats().seal_everything(); };
    return run_background(into, seal) && run_background(into, seal);
}

bool writer::expire(std::int64_t into, const std::vector<finished_event>& events) {
    return run_background(into, [&events](session& of) { of.expire(events); });
}

bool writer::drop(std::int64_t into, const std::vector<finished_event>& events) {
    return run_background(into, [&events](session& of) { of.drop(events); });
}

bool writer::give_back_pages(std::int64_t into) {
    return run_background(into, [](session& of) { of.give_back_pages(); });
}

bool writer::end_carrying(std::int64_t into) {
    const std::scoped_lock lock(mutex_);
    if (file_ != into)
        return false;
    // First the word that there is something to read back, then what is committed from now on.
    if (sink_)
        sink_({});
    is_carrying_ = false;
    has_work_.notify_one();
    return true;
}

void writer::load_filters(database& from) {
    std::shared_ptr<session> borrowed;
    {
        const std::scoped_lock lock(mutex_);
        borrowed = session_;
    }
    borrowed->repeats().load_filters(from, [this] { return is_stopping(); });
}

ledger writer::accounts() const {
    const std::scoped_lock lock(mutex_);
    return accounts_;
}

std::map<std::string, handler_depth> writer::depths() const {
    const std::scoped_lock lock(mutex_);
    return depths_;
}

namespace {

/// Since a time of the steady clock, where that is worth a word.
std::optional<std::chrono::milliseconds> long_since(std::int64_t then_ms) {
    if (then_ms == 0)
        return std::nullopt;
    const std::chrono::milliseconds stalled = std::chrono::duration_cast<std::chrono::milliseconds>(
                                                  std::chrono::steady_clock::now().time_since_epoch()) -
                                              std::chrono::milliseconds{then_ms};
    return stalled > stall_threshold ? std::optional{stalled} : std::nullopt;
}

} // namespace

std::optional<std::chrono::milliseconds> writer::stalled_for() const {
    return long_since(failing_since_ms_);
}

std::optional<std::chrono::milliseconds> writer::hangs_for() const {
    return long_since(at_disk_since_ms_);
}

std::vector<std::int64_t> writer::older_files() const {
    std::vector<std::int64_t> numbers = files_.numbers();
    std::erase_if(numbers, [this](std::int64_t number) { return number >= file_; });
    return numbers;
}

} // namespace outreachd::store
