#include "daemon/store/quarantine.hpp"

#include "daemon/event/held_bytes.hpp"
#include "daemon/store/event_row.hpp"

#include <filesystem>
#include <utility>

#include <pthread.h>

namespace outreachd::store {

namespace {

constexpr std::uint64_t waiting_bytes_max = 64 * 1024 * 1024;
constexpr std::uint64_t peer_waiting_bytes_max = 24 * 1024 * 1024;
constexpr std::chrono::seconds recheck_pause{10};

constexpr const char* table = R"sql(
CREATE TABLE IF NOT EXISTS requests (
  number            INTEGER PRIMARY KEY,
  received_at       INTEGER NOT NULL,
  endpoint          TEXT NOT NULL,
  source            TEXT NOT NULL,
  peer              TEXT NOT NULL,
  content_type      TEXT NOT NULL,
  outreach_event_id TEXT NOT NULL,
  headers           BLOB NOT NULL,
  cleanup_token     BLOB NOT NULL,
  signature         TEXT NOT NULL,
  bytes             INTEGER NOT NULL,
  body              BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_peer ON requests (endpoint, peer, number);
-- The last number that was given: none comes again, so nobody discards another than the one they looked at.
CREATE TABLE IF NOT EXISTS numbers AS SELECT coalesce(max(number), 0) AS last FROM requests;
)sql";

/// In the file: everything that somebody else chose, and 256 for the row and its place in the index.
std::uint64_t bytes_of_request(const received_request& request) noexcept {
    std::uint64_t bytes = 256 + request.body.size() + request.content_type.size() +
                          request.outreach_event_id.size() + request.cleanup_token.reveal().size() +
                          request.endpoint.size() + request.source.size() + 2 * request.peer.size();
    for (const std::string& one : request.signatures)
        bytes += one.size();
    for (const header& one : request.headers)
        bytes += one.name.size() + one.value.size() + 2;
    return bytes;
}

} // namespace

quarantine::quarantine(const std::string& directory, quarantine_observer& watcher)
    : file_(directory + "/quarantine.db"), watcher_(watcher), rates_(std::chrono::steady_clock::now()),
      thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), "quarantine");
}

quarantine::~quarantine() {
    begin_stop();
    thread_.join();
}

void quarantine::begin_stop() {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
    questions_.clear(); // those who wait for an answer are told at once
    heard_ = nullptr;
    has_job_.notify_all();
}

bool quarantine::stop(steady_time until) {
    begin_stop();
    std::unique_lock lock(mutex_);
    return ended_.wait_until(lock, until, [this] { return has_ended_; });
}

bool quarantine::is_stopping() const {
    const std::scoped_lock lock(mutex_);
    return is_stopping_;
}

/// Nobody's requests leave no room for others' in the queue.
bool quarantine::has_room(const std::string& peer, std::uint64_t bytes) const {
    const auto waiting = waiting_by_peer_.find(peer);
    const std::uint64_t own = waiting == waiting_by_peer_.end() ? 0 : waiting->second;
    return waiting_bytes_ + bytes <= waiting_bytes_max && own + bytes <= peer_waiting_bytes_max;
}

void quarantine::keep(received_request request, std::uint64_t bytes_max) {
    if (bytes_max == 0)
        return;
    const std::uint64_t bytes = bytes_of_request(request);
    const std::uint64_t held = sizeof(job) + held_bytes(request);
    const std::scoped_lock lock(mutex_);
    if (bytes > bytes_max || is_stopping_ || !has_room(request.peer, held) ||
        !rates_.take(request.peer, static_cast<double>(bytes), std::chrono::steady_clock::now())) {
        ++dropped_;
        return;
    }
    waiting_bytes_ += held;
    waiting_by_peer_[request.peer] += held;
    jobs_.push_back({std::move(request), held, bytes_max, {}, {}, {}});
    has_job_.notify_one();
}

void quarantine::recheck(judge decide, std::function<void(bool are_all_heard)> heard,
                         std::chrono::milliseconds once_more_after) {
    const std::scoped_lock lock(mutex_);
    judge_ = std::move(decide);
    heard_ = std::move(heard);
    recheck_at_ = std::chrono::steady_clock::now();
    once_more_at_ = std::max(once_more_at_, recheck_at_ + once_more_after);
    recheck_after_ = jobs_.size();
    has_job_.notify_one();
}

void quarantine::run() {
    work();
    database_.reset();
    const std::scoped_lock lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
}

void quarantine::work() {
    while (const auto next = take_job()) {
        bool are_all_heard = false;
        try {
            if (!database_)
                open();
            are_all_heard = work_on(*next);
            if (!next->asked) // what people see of it may be read where nothing can be written
                watcher_.worked();
        } catch (const std::exception& failure) {
            database_.reset(); // opened anew for the next one
            watcher_.failed(failure.what());
            if (next->decide)
                recheck_later(next->decide, false);
            else if (!next->asked)
                ++dropped_;
        }
        if (next->heard)
            next->heard(are_all_heard);
    }
}

/// Of a recheck: whether all were heard.
bool quarantine::work_on(const job& next) {
    if (next.decide) {
        const bool are_all_heard = recheck_all(next.decide);
        recheck_later(next.decide, are_all_heard);
        return are_all_heard;
    }
    if (next.asked)
        next.asked(*database_);
    else
        store_one(next.request, next.bytes_max);
    return false;
}

/// Nothing: the end. What waits to be kept is written first; a recheck comes again with the next start.
std::optional<quarantine::job> quarantine::take_job() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        const bool is_due = judge_ && recheck_after_ == 0 && recheck_at_ <= std::chrono::steady_clock::now();
        if (is_due)
            return job{{}, 0, 0, std::exchange(judge_, nullptr), std::exchange(heard_, nullptr), {}};
        if (!questions_.empty()) {
            job asked{{}, 0, 0, {}, {}, std::move(questions_.front())};
            questions_.pop_front();
            return asked;
        }
        if (!jobs_.empty())
            break;
        if (judge_)
            has_job_.wait_until(lock, recheck_at_);
        else
            has_job_.wait(lock);
    }
    if (jobs_.empty())
        return std::nullopt;
    job next = std::move(jobs_.front());
    jobs_.pop_front();
    recheck_after_ -= recheck_after_ > 0 ? 1 : 0;
    waiting_bytes_ -= next.held;
    const auto waiting = waiting_by_peer_.find(next.request.peer);
    waiting->second -= next.held;
    if (waiting->second == 0)
        waiting_by_peer_.erase(waiting);
    return next;
}

/// Unless another was asked for meanwhile. Where all were heard, only if they are to be heard once more.
void quarantine::recheck_later(const judge& decide, bool are_all_heard) {
    const steady_time now = std::chrono::steady_clock::now();
    const std::scoped_lock lock(mutex_);
    const steady_time when = are_all_heard ? once_more_at_ : now + recheck_pause;
    if (judge_ || when <= now)
        return;
    judge_ = decide;
    recheck_at_ = when;
    recheck_after_ = 0;
}

void quarantine::open() {
    const auto set_up = [this] {
        database_ = std::make_unique<database>(file_, open_mode::create);
        database_->execute(
            "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF");
        database_->execute(table);
        shares_.clear();
        size_ = 0;
        statement sums(*database_,
                       "SELECT endpoint, peer, sum(bytes), count(*) FROM requests GROUP BY endpoint, peer");
        while (sums.step()) {
            shares_[sums.text(0)].change(sums.text(1), sums.number(2));
            size_ += static_cast<std::uint64_t>(sums.number(3));
        }
    };
    try {
        set_up();
    } catch (const database_error& damage) {
        if (!damage.is_damage())
            throw;
        // Written without fsync, so a power cut may leave it torn: nothing of it was promised.
        database_.reset();
        std::filesystem::remove(file_);
        std::filesystem::remove(file_ + "-journal");
        set_up();
    }
}

void quarantine::store_one(const received_request& request, std::uint64_t bytes_max) {
    const std::uint64_t bytes = bytes_of_request(request);
    transaction all(*database_, transaction::kind::write);
    const std::string headers = join_headers(request.headers);
    // A program of before may have written since, and knows nothing of `numbers`.
    database_->execute(
        "UPDATE numbers SET last = 1 + max(last, (SELECT coalesce(max(number), 0) FROM requests))");
    statement(*database_, "INSERT INTO requests VALUES ((SELECT last FROM numbers),?,?,?,?,?,?,?,?,?,?,?)")
        .bind(to_number(request.received_at), std::string_view(request.endpoint),
              std::string_view(request.source), std::string_view(request.peer),
              std::string_view(request.content_type), std::string_view(request.outreach_event_id),
              bytes_of(headers), bytes_of(request.cleanup_token.reveal()),
              std::string_view(request.signatures.front()), static_cast<std::int64_t>(bytes),
              bytes_of(request.body))
        .run();
    shares_[request.endpoint].change(request.peer, static_cast<std::int64_t>(bytes));
    ++size_;
    const std::uint64_t pushed_out = make_room(request.endpoint, bytes_max);
    all.commit();
    dropped_ += pushed_out; // not before: without the commit they are there still
}

/// How many are gone.
std::uint64_t quarantine::make_room(const std::string& endpoint, std::uint64_t bytes_max) {
    std::uint64_t pushed_out = 0;
    quarantine_share& held = shares_[endpoint];
    statement oldest(
        *database_, "SELECT number, bytes FROM requests WHERE endpoint=? AND peer=? ORDER BY number LIMIT 1");
    statement remove(*database_, "DELETE FROM requests WHERE number=?");
    while (held.total() > bytes_max && held.largest() != nullptr) {
        const std::string peer = *held.largest();
        if (!oldest.bind(std::string_view(endpoint), std::string_view(peer)).step())
            break;
        const std::int64_t number = oldest.number(0);
        const std::int64_t bytes = oldest.number(1);
        oldest.reset();
        remove.bind(number).run();
        held.change(peer, -bytes);
        --size_;
        ++pushed_out;
    }
    return pushed_out;
}

/// False: some are to be heard again.
bool quarantine::recheck_all(const judge& decide) {
    statement rows(*database_,
                   "SELECT number, received_at, endpoint, source, peer, content_type, outreach_event_id,"
                   " headers, cleanup_token, signature, bytes, body FROM requests WHERE number>?"
                   " ORDER BY number LIMIT 1");
    std::int64_t last = 0;
    while (std::optional<kept> one = read_next(rows, last)) {
        if (is_stopping())
            return false; // the next start hears them again
        last = one->number;
        const std::string endpoint = one->request.endpoint;
        const std::string peer = one->request.peer;
        const hearing heard = decide(one->request);
        if (heard == hearing::again)
            return false; // the others would wait as long, and what comes would wait for them
        if (heard == hearing::accepted) {
            remove(one->number, endpoint, peer, one->bytes);
            ++recovered_;
        }
        answer_questions(); // some may discard what comes next, so it isn't read yet
    }
    return true;
}

/// Whoever asks during a recheck waits for one hearing, not for all.
void quarantine::answer_questions() {
    for (;;) {
        std::unique_lock lock(mutex_);
        if (questions_.empty())
            return;
        const question asked = std::move(questions_.front());
        questions_.pop_front();
        lock.unlock();
        asked(*database_);
    }
}

void quarantine::remove(std::int64_t number, const std::string& endpoint, const std::string& peer,
                        std::int64_t bytes) {
    statement(*database_, "DELETE FROM requests WHERE number=?").bind(number).run();
    shares_[endpoint].change(peer, -bytes);
    --size_;
}

std::optional<quarantine::kept> quarantine::read_next(statement& rows, std::int64_t after) {
    if (!rows.bind(after).step())
        return std::nullopt;
    received_request request;
    request.received_at = to_wall_time(rows.number(1));
    request.endpoint = rows.text(2);
    request.source = rows.text(3);
    request.peer = rows.text(4);
    request.content_type = rows.text(5);
    request.outreach_event_id = rows.text(6);
    request.headers = split_headers(rows.view(7));
    request.cleanup_token = secret(rows.text(8));
    request.signatures = {rows.text(9)};
    request.body = rows.text(11);
    kept one{rows.number(0), rows.number(10), std::move(request)};
    rows.reset(); // else nothing could be written
    return one;
}

} // namespace outreachd::store
