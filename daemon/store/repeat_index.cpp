#include "daemon/store/repeat_index.hpp"

#include "daemon/store/event_row.hpp"
#include "daemon/store/replace_file.hpp"

#include <algorithm>
#include <cassert>

namespace outreachd::store {

namespace {

constexpr std::size_t run_size = 16'384;
constexpr std::size_t rows_per_commit = 512;
constexpr std::size_t rows_per_piece = 5'000; // a millisecond of a read transaction, more on a cold disk

fingerprint first_half(const digest& whole) noexcept {
    fingerprint half{};
    std::copy_n(whole.begin(), half.size(), half.begin());
    return half;
}

fingerprint read_fingerprint(std::string_view blob) noexcept {
    fingerprint read{};
    std::memcpy(read.data(), blob.data(), std::min(blob.size(), read.size()));
    return read;
}

/// When what has that place came, at the latest: places lie ahead where the clock was set back.
sequence received_by(sequence at) noexcept {
    return std::min(at, to_number(wall_now()));
}

std::string_view view_of(const digest& what) noexcept {
    return {reinterpret_cast<const char*>(what.data()), what.size()};
}

} // namespace

fingerprint fingerprint_of_body(const event& what) {
    return first_half(sha256_of_fields({"body", what.endpoint, view_of(what.body_digest)}));
}

std::optional<fingerprint> fingerprint_of_event_id(const event& what) {
    if (what.outreach_event_id.empty())
        return std::nullopt;
    return first_half(sha256_of_fields({"event id", what.endpoint, what.outreach_event_id, what.facts.name,
                                        what.facts.resource, what.facts.resource_id}));
}

repeat_index::repeat_index(database& writer, std::size_t group_size)
    : database_(writer), group_size_(group_size), directory_(parent_of(writer.file())),
      find_(writer.prepare("SELECT sequence FROM repeats WHERE run=? AND fingerprint=?")),
      insert_(writer.prepare("INSERT OR REPLACE INTO repeats VALUES (?,?,?)")) {
    statement runs(writer, "SELECT run, newest, size FROM runs ORDER BY run");
    while (runs.step()) {
        const run one{runs.number(0), runs.number(1), static_cast<std::size_t>(runs.number(2))};
        if (groups_.empty() || groups_.back().size + one.size > group_size_)
            groups_.emplace_back();
        groups_.back().runs.push_back(one);
        groups_.back().size += one.size;
        next_run_ = one.number + 1;
    }
    has_unloaded_ = !groups_.empty();
    for (const group& one : groups_)
        initial_groups_.push_back(one.runs);

    statement newest(writer,
                     "SELECT endpoint, body_digest, outreach_event_id, name, resource, resource_id, sequence"
                     " FROM events WHERE sequence > (SELECT value FROM facts WHERE key='indexed_up_to')"
                     " ORDER BY sequence");
    event partial;
    while (newest.step()) {
        partial.endpoint = newest.text(0);
        const std::string_view body_digest = newest.view(1);
        std::copy_n(body_digest.begin(), std::min(body_digest.size(), partial.body_digest.size()),
                    partial.body_digest.begin());
        partial.outreach_event_id = newest.text(2);
        partial.facts.name = newest.text(3);
        partial.facts.resource = newest.text(4);
        partial.facts.resource_id = newest.text(5);
        recent_[fingerprint_of_body(partial)] = newest.number(6);
        if (const auto by_id = fingerprint_of_event_id(partial))
            recent_[*by_id] = newest.number(6);
    }
}

std::optional<sequence> repeat_index::find(const fingerprint& what) {
    if (const auto found = recent_.find(what); found != recent_.end())
        return found->second;
    if (!frozen_.empty()) {
        const auto found = std::lower_bound(
            frozen_.begin(), frozen_.end(), what,
            [](const auto& entry, const fingerprint& wanted) { return entry.first < wanted; });
        if (found != frozen_.end() && found->first == what)
            return found->second;
    }
    if (has_unloaded_) {
        const std::scoped_lock lock(adopted_mutex_);
        for (auto& [last_run, filter] : adopted_)
            for (group& one : groups_)
                if (!one.runs.empty() && one.runs.back().number == last_run)
                    one.loaded = filter;
        adopted_.clear();
        has_unloaded_ = std::any_of(groups_.begin(), groups_.end(),
                                    [](const group& one) { return !one.loaded && !one.growing; });
    }
    for (auto one = groups_.rbegin(); one != groups_.rend(); ++one)
        if (const auto found = find_in(*one, what))
            return found;
    return std::nullopt;
}

std::optional<sequence> repeat_index::find_in(const group& where, const fingerprint& what) {
    const fingerprint_filter* const filter = where.growing ? where.growing.get() : where.loaded.get();
    if (filter != nullptr && !filter->may_hold(what))
        return std::nullopt;
    for (auto one = where.runs.rbegin(); one != where.runs.rend(); ++one) {
        if (find_->bind(one->number, std::span<const std::uint8_t>(what)).step()) {
            const sequence found = find_->number(0);
            find_->reset();
            return found;
        }
    }
    return std::nullopt;
}

void repeat_index::add(const fingerprint& what, sequence at) {
    // Staged first: what a rollback didn't find would be known for ever, and the event that is tried again be
    // taken for a repeat of itself.
    const auto earlier = recent_.find(what);
    staged_.emplace_back(what, earlier == recent_.end() ? std::nullopt : std::optional{earlier->second});
    recent_[what] = at;
}

bool repeat_index::has_work() const noexcept {
    return sealed_ < frozen_.size();
}

void repeat_index::maintain(sequence oldest_needed) {
    seal(rows_per_commit);
    expire(oldest_needed, rows_per_commit);
}

void repeat_index::seal(std::size_t rows_max) {
    if (sealing_ == frozen_.size())
        return;
    const std::size_t end = std::min(frozen_.size(), sealing_ + rows_max);
    for (; sealing_ < end; ++sealing_)
        insert_
            ->bind(next_run_, std::span<const std::uint8_t>(frozen_[sealing_].first),
                   frozen_[sealing_].second)
            .run();
    if (sealing_ == frozen_.size()) {
        const sequence newest = newest_frozen();
        statement(database_, "INSERT OR REPLACE INTO runs VALUES (?,?,?)")
            .bind(next_run_, received_by(newest), static_cast<std::int64_t>(frozen_.size()))
            .run();
        statement(database_, "UPDATE facts SET value=max(value, ?) WHERE key='indexed_up_to'")
            .bind(newest)
            .run();
    }
}

sequence repeat_index::newest_frozen() const noexcept {
    sequence newest = 0;
    for (const auto& entry : frozen_)
        newest = std::max(newest, entry.second);
    return newest;
}

void repeat_index::expire(sequence oldest_needed, std::int64_t rows_max) {
    if (groups_.empty() || groups_.front().runs.empty() ||
        groups_.front().runs.front().newest >= oldest_needed)
        return;
    const run oldest = groups_.front().runs.front();
    statement(database_, "DELETE FROM repeats WHERE run=?1 AND fingerprint IN"
                         " (SELECT fingerprint FROM repeats WHERE run=?1 LIMIT ?2)")
        .bind(oldest.number, rows_max)
        .run();
    if (database_.changes() < rows_max) {
        statement(database_, "DELETE FROM runs WHERE run=?").bind(oldest.number).run();
        expired_run_ = oldest.number;
    }
}

void repeat_index::seal_everything() {
    // Else a rollback would not find what this moves to `frozen_`.
    assert(staged_.empty());
    if (frozen_.empty())
        freeze();
    seal(frozen_.size());
}

void repeat_index::freeze() {
    frozen_.assign(recent_.begin(), recent_.end());
    std::sort(frozen_.begin(), frozen_.end());
    recent_.clear();
    sealed_ = sealing_ = 0;
}

/// The last filter is full: its bits go into a file, a millisecond of the writer's for each million
/// fingerprints. First, so that its memory is the new one's.
void repeat_index::begin_group() {
    if (!groups_.empty() && groups_.back().growing)
        groups_.back().growing->move_to_file(directory_);
    groups_.emplace_back();
    groups_.back().growing = std::make_unique<fingerprint_filter>(group_size_);
}

void repeat_index::committed() noexcept {
    staged_.clear();
    sealed_ = sealing_;
    if (!frozen_.empty() && sealed_ == frozen_.size()) {
        if (groups_.empty() || !groups_.back().growing || groups_.back().size + frozen_.size() > group_size_)
            begin_group();
        group& last = groups_.back();
        for (const auto& [what, at] : frozen_)
            last.growing->add(what);
        last.runs.push_back({next_run_++, received_by(newest_frozen()), frozen_.size()});
        last.size += frozen_.size();
        frozen_.clear();
        sealed_ = sealing_ = 0;
    }
    if (expired_run_) {
        group& first = groups_.front();
        first.runs.erase(first.runs.begin());
        if (first.runs.empty())
            groups_.erase(groups_.begin());
        expired_run_.reset();
    }
    if (frozen_.empty() && recent_.size() >= run_size)
        freeze();
}

void repeat_index::rolled_back() noexcept {
    for (auto entry = staged_.rbegin(); entry != staged_.rend(); ++entry) {
        if (entry->second)
            recent_[entry->first] = *entry->second;
        else
            recent_.erase(entry->first);
    }
    staged_.clear();
    sealing_ = sealed_;
    expired_run_.reset();
}

void repeat_index::inherit(const repeat_index& older) {
    recent_ = older.recent_;
    recent_.insert(older.frozen_.begin(), older.frozen_.end());
}

void repeat_index::load_filters(database& from, const std::function<bool()>& is_stopping) {
    statement piece(
        from, "SELECT fingerprint FROM repeats WHERE run=? AND fingerprint>? ORDER BY fingerprint LIMIT ?");
    // The newest first, since repeats come soon. What an earlier try has loaded isn't loaded again.
    for (; !initial_groups_.empty(); initial_groups_.pop_back()) {
        const std::vector<run>* const runs = &initial_groups_.back();
        std::size_t size = 0;
        for (const run& one : *runs)
            size += one.size;
        auto filter = std::make_shared<fingerprint_filter>(size);
        for (const run& one : *runs) {
            fingerprint last{};
            for (bool is_more = true; is_more;) {
                if (is_stopping())
                    return;
                std::size_t rows = 0;
                piece.bind(one.number, std::span<const std::uint8_t>(last),
                           static_cast<std::int64_t>(rows_per_piece));
                while (piece.step()) {
                    last = read_fingerprint(piece.view(0));
                    filter->add(last);
                    ++rows;
                }
                is_more = rows == rows_per_piece;
            }
        }
        filter->move_to_file(directory_);
        const std::scoped_lock lock(adopted_mutex_);
        adopted_.emplace_back(runs->back().number, std::move(filter));
    }
}

} // namespace outreachd::store
