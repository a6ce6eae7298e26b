#include "daemon/store/quarantine.hpp"

#include "daemon/store/event_row.hpp"

#include <algorithm>
#include <filesystem>

namespace outreachd::store {

namespace {

constexpr double kept_per_second_max = 500;
constexpr double burst_max = 4000;
constexpr double peer_kept_per_second_max = 100;
constexpr double peer_burst_max = 1500;
/// In each generation. A full one ends early: many peers at once are for the shared rate to bound.
constexpr std::size_t peers_max = 4096;
/// A bucket not asked for in that time is full again, and so as good as none.
constexpr std::chrono::seconds peer_generation{15};
static_assert(peer_generation.count() * peer_kept_per_second_max >= peer_burst_max);
constexpr std::uint64_t waiting_bytes_max = 16 * 1024 * 1024;
constexpr std::int64_t recheck_rows = 100;

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
)sql";

std::uint64_t bytes_of_request(const received_request& request) noexcept {
    std::uint64_t bytes = request.body.size() + 512; // its other fields and the row
    for (const header& one : request.headers)
        bytes += one.name.size() + one.value.size();
    return bytes;
}

} // namespace

void quarantine::share::change(const std::string& peer, std::int64_t bytes) {
    std::uint64_t& held = by_peer[peer];
    by_size.erase({held, peer});
    held += static_cast<std::uint64_t>(bytes);
    total += static_cast<std::uint64_t>(bytes);
    if (held > 0)
        by_size.insert({held, peer});
    else
        by_peer.erase(peer);
}

bool quarantine::bucket::take(double per_second, double burst, steady_time now) {
    tokens = std::min(burst, tokens + per_second * std::chrono::duration<double>(now - refilled_at).count());
    refilled_at = now;
    if (tokens < 1)
        return false;
    tokens -= 1;
    return true;
}

bool quarantine::peer_buckets::take(const std::string& peer, steady_time now) {
    auto found = younger.find(peer);
    if (found == younger.end()) {
        if (younger.size() >= peers_max || now - begun_at >= peer_generation) {
            older = std::move(younger);
            younger.clear();
            begun_at = now;
        }
        const auto known = older.find(peer);
        found =
            younger.emplace(peer, known == older.end() ? bucket{peer_burst_max, now} : known->second).first;
    }
    return found->second.take(peer_kept_per_second_max, peer_burst_max, now);
}

quarantine::quarantine(const std::string& directory)
    : file_(directory + "/quarantine.db"), peer_rates_{{}, {}, std::chrono::steady_clock::now()},
      rate_{burst_max, std::chrono::steady_clock::now()}, thread_([this] { run(); }) {}

quarantine::~quarantine() {
    begin_stop();
    thread_.join();
}

void quarantine::begin_stop() {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
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

/// The peer's own rate first, so that what one sends above it leaves the shared rate to the others.
bool quarantine::is_within_rate(const std::string& peer) {
    const auto now = std::chrono::steady_clock::now();
    return peer_rates_.take(peer, now) && rate_.take(kept_per_second_max, burst_max, now);
}

void quarantine::keep(received_request request, std::uint64_t bytes_max) {
    if (bytes_max == 0)
        return;
    const std::uint64_t bytes = bytes_of_request(request);
    const std::scoped_lock lock(mutex_);
    if (bytes > bytes_max || is_stopping_ || waiting_bytes_ + bytes > waiting_bytes_max ||
        !is_within_rate(request.peer)) {
        ++dropped_;
        return;
    }
    waiting_bytes_ += bytes;
    jobs_.push_back({std::move(request), bytes_max, {}});
    has_job_.notify_one();
}

void quarantine::recheck(judge decide) {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back({{}, 0, std::move(decide)});
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
    for (;;) {
        job next;
        {
            std::unique_lock lock(mutex_);
            has_job_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
            if (is_stopping_ && (jobs_.empty() || jobs_.front().decide))
                return; // a recheck comes again with the next start
            next = std::move(jobs_.front());
            jobs_.pop_front();
            if (!next.decide)
                waiting_bytes_ -= bytes_of_request(next.request);
        }
        try {
            if (!database_)
                open();
            if (next.decide)
                recheck_all(next.decide);
            else
                store_one(next.request, next.bytes_max);
        } catch (const std::exception&) {
            database_.reset(); // opened anew for the next one
            if (!next.decide)
                ++dropped_;
        }
    }
}

void quarantine::open() {
    const auto set_up = [this] {
        database_ = std::make_unique<database>(file_, open_mode::create);
        database_->execute(
            "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF");
        database_->execute(table);
        shares_.clear();
        size_ = 0;
        statement kept(*database_,
                       "SELECT endpoint, peer, sum(bytes), count(*) FROM requests GROUP BY endpoint, peer");
        while (kept.step()) {
            shares_[kept.text(0)].change(kept.text(1), kept.number(2));
            size_ += static_cast<std::uint64_t>(kept.number(3));
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
    statement(*database_, "INSERT INTO requests VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?)")
        .bind(to_number(request.received_at), std::string_view(request.endpoint),
              std::string_view(request.source), std::string_view(request.peer),
              std::string_view(request.content_type), std::string_view(request.outreach_event_id),
              bytes_of(headers), bytes_of(request.cleanup_token.reveal()),
              std::string_view(request.signatures.front()), static_cast<std::int64_t>(bytes),
              bytes_of(request.body))
        .run();
    shares_[request.endpoint].change(request.peer, static_cast<std::int64_t>(bytes));
    ++size_;
    make_room(request.endpoint, bytes_max);
    all.commit();
}

void quarantine::make_room(const std::string& endpoint, std::uint64_t bytes_max) {
    share& held = shares_[endpoint];
    statement oldest(
        *database_, "SELECT number, bytes FROM requests WHERE endpoint=? AND peer=? ORDER BY number LIMIT 1");
    statement remove(*database_, "DELETE FROM requests WHERE number=?");
    while (held.total > bytes_max && !held.by_size.empty()) {
        const std::string peer = held.by_size.rbegin()->second;
        if (!oldest.bind(std::string_view(endpoint), std::string_view(peer)).step())
            break;
        const std::int64_t number = oldest.number(0);
        const std::int64_t bytes = oldest.number(1);
        oldest.reset();
        remove.bind(number).run();
        held.change(peer, -bytes);
        --size_;
    }
}

void quarantine::recheck_all(const judge& decide) {
    statement rows(*database_,
                   "SELECT number, received_at, endpoint, source, peer, content_type, outreach_event_id,"
                   " headers, cleanup_token, signature, bytes, body FROM requests WHERE number>?"
                   " ORDER BY number LIMIT ?");
    statement remove(*database_, "DELETE FROM requests WHERE number=?");
    for (std::int64_t last = 0;;) {
        struct kept {
            std::int64_t number = 0;
            std::int64_t bytes = 0;
            received_request request;
        };

        std::vector<kept> piece;
        rows.bind(last, recheck_rows);
        while (rows.step()) {
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
            piece.push_back({rows.number(0), rows.number(10), std::move(request)});
        }
        if (piece.empty())
            return;
        last = piece.back().number;
        for (kept& one : piece) {
            if (is_stopping())
                return; // the next start hears them again
            const std::string endpoint = one.request.endpoint;
            const std::string peer = one.request.peer;
            if (!decide(one.request))
                continue;
            remove.bind(one.number).run();
            shares_[endpoint].change(peer, -one.bytes);
            --size_;
            ++recovered_;
        }
    }
}

} // namespace outreachd::store
