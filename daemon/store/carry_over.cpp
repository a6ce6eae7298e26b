#include "daemon/store/carry_over.hpp"

#include "daemon/store/carried_rows.hpp"
#include "daemon/store/event_row.hpp"
#include "daemon/store/page_overlay.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/wal_mending.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

namespace outreachd::store {

namespace {

constexpr std::size_t piece_bytes = 4 * 1024 * 1024;
constexpr sequence sequence_max = std::numeric_limits<sequence>::max();

/// A crash while a fresh file was made leaves one without tables: nothing was ever in it.
bool was_never_finished(const std::string& path) {
    constexpr std::uintmax_t empty_bytes_max = 8192;
    for (const char* companion : {"", "-wal"}) {
        std::error_code failed;
        const auto bytes = std::filesystem::file_size(path + companion, failed);
        if (failed ? failed != std::errc::no_such_file_or_directory : bytes > empty_bytes_max)
            return false;
    }
    return true;
}

} // namespace

carry_over::carry_over(const file_set& files, std::int64_t file, std::int64_t into, writer& to,
                       observer& watcher, const carry_over* newer, std::function<bool()> has_room)
    : files_(files), file_(file), into_(into), writer_(to), watcher_(watcher), newer_(newer),
      has_room_(std::move(has_room)) {
    try {
        open();
    } catch (const database_error& failure) {
        was_kept_back_ = failure.is_failed_read() && !failure.is_damage();
        note_lost(failure);
    }
}

/// Not more than the schema: a damaged table must not hide the others.
void carry_over::open() {
    const std::string path = files_.path_of(file_);
    writer_.mend_older(file_);
    try {
        old_ = std::make_unique<database>(path, open_mode::read);
        if (has_whole_schema(*old_))
            return;
    } catch (const database_error& failure) {
        if (!failure.is_damage())
            throw;
    }
    old_.reset();
    has_nothing_ = was_never_finished(path);
    if (has_nothing_)
        return;
    // The tables lie where they lie in every file: a fresh one's schema leads to them.
    old_ = open_overlaid(path, std::make_shared<page_overlay>(whole_schema()));
    if (!has_whole_schema(*old_)) { // the WAL has pages of it
        old_.reset();
        throw damaged_file("the schema of " + path + " can't be read");
    }
}

void carry_over::note_lost(const database_error& failure) {
    ++lost_;
    note_failure(failure);
}

/// Of what is no event.
void carry_over::note_failure(const database_error& failure) {
    has_failed_ = true;
    if (failure.is_damage() || failure.is_failed_read())
        return;
    is_out_of_reach_ = true;
    watcher_.read_failed(failure.what());
}

sequence carry_over::last() {
    try {
        return old_ ? old_->read_number("SELECT max(sequence) FROM events") : 0;
    } catch (const database_error& failure) {
        note_failure(failure);
        return sequence_max;
    }
}

bool carry_over::is_over() const {
    return writer_.is_stopping() || writer_.file() != into_;
}

bool carry_over::holds(const event_id& id) const {
    static const std::string sql = std::string("SELECT ") + event_columns + " FROM events WHERE id=?";
    try {
        if (old_) {
            statement row(*old_, sql.c_str());
            if (row.bind(bytes_of(id)).step() && read_event_row(row).subject)
                return true;
        }
    } catch (const database_error&) { // then it doesn't have it whole
    }
    return newer_ != nullptr && newer_->holds(id);
}

bool carry_over::has_taken_over_from(std::int64_t file) const {
    try {
        if (old_) {
            const std::string mark = departed_mark(file);
            statement value(*old_, "SELECT 1 FROM facts WHERE key=?");
            if (value.bind(std::string_view(mark)).step())
                return true;
        }
    } catch (const database_error&) { // as far as can be told
    }
    return newer_ != nullptr && newer_->has_taken_over_from(file);
}

bool carry_over::carry_unfinished() {
    if (!old_)
        return has_nothing_;
    try {
        std::vector<std::int64_t> handlers;
        statement names(*old_, "SELECT id FROM handlers");
        while (names.step())
            handlers.push_back(names.number(0));
        for (const std::int64_t handler : handlers) {
            statement rows(*old_, "SELECT event FROM deliveries WHERE handler=? AND event>? AND state<2"
                                  " ORDER BY event LIMIT ?");
            for (sequence last = 0;;) {
                std::vector<sequence> found;
                rows.bind(handler, last, piece_rows);
                while (rows.step())
                    found.push_back(rows.number(0));
                if (found.empty())
                    break;
                if (found.back() <= last)
                    throw damaged_file("the order of the deliveries in " + old_->file() + " is broken");
                last = found.back();
                if (!carry(found, true))
                    return false;
            }
        }
        for (sequence last = old_->read_number("SELECT value FROM facts WHERE key='routed_up_to'");;) {
            std::vector<sequence> found;
            walk(last, sequence_max, true, found);
            if (found.empty())
                return !has_failed_;
            last = found.back();
            if (!carry(found, true))
                return false;
        }
    } catch (const database_error& failure) {
        note_failure(failure); // what is lost by it the rest will show
        return false;
    }
}

bool carry_over::carry_rest() {
    if (!old_)
        return !is_over();
    carried_.clear(); // those carried first come by again
    gaps_.clear();
    lost_ = 0;
    sequence reached = 0;
    while (!carry_ascending(reached, sequence_max)) {
        if (is_over())
            return false;
        // A damaged page. Beyond it, from both sides.
        // Where nothing is found ahead there may be rows all the same, that a step has passed over.
        const auto beyond = find_readable_behind(reached, sequence_max);
        sequence other_side = beyond.value_or(sequence_max - 1);
        if (!carry_back_to(reached, other_side))
            return false;
        gaps_.push_back({reached, other_side});
        if (!beyond)
            break;
        reached = *beyond;
    }
    if (is_over())
        return false;
    try {
        // A damaged way can miss rows without an error, too.
        if (gaps_.empty() && !has_carried_all())
            gaps_.push_back({0, sequence_max});
        if (!gaps_.empty() && !carry_hidden())
            return false;
        // With what a newer file says of itself it comes along, once this one's is in that.
        const bool is_counted = newer_ != nullptr && newer_->has_taken_over_from(file_);
        const departed_events departed{fact("expired"), static_cast<sequence>(fact(dropped_mark))};
        if (!is_counted && !writer_.carry_departed(into_, file_, departed))
            return false;
    } catch (const database_error& failure) {
        note_failure(failure);
    }
    return writer_.seal_repeats(into_);
}

std::uint64_t carry_over::fact(const char* key) {
    statement value(*old_, "SELECT value FROM facts WHERE key=?");
    return value.bind(std::string_view(key)).step() ? static_cast<std::uint64_t>(value.number(0)) : 0;
}

bool carry_over::is_readable() const {
    if (was_kept_back_)
        return false; // as far as this one could tell
    std::vector<char> bytes(1024 * 1024);
    for (const char* companion : {"", "-wal"}) {
        const std::string path = files_.path_of(file_) + companion;
        std::ifstream stream(path, std::ios::binary);
        if (std::error_code failed; !stream.is_open() && (std::filesystem::exists(path, failed) || failed))
            return false;
        while (stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
            if (is_over())
                return false;
        }
        if (stream.bad())
            return false;
    }
    return true;
}

bool carry_over::finish() {
    if (is_over())
        return false;
    // Of a mended WAL frames may have been left out, and nothing that is read shows it.
    const bool is_damaged =
        has_failed_ || std::filesystem::exists(files_.path_of(file_) + damaged_wal_suffix);
    const std::uint64_t carried = settle_carried();
    std::uint64_t missing = lost_;
    try {
        if (old_ && is_damaged) {
            const std::uint64_t known = carried + fact("expired");
            missing = std::max(fact("received"), known) - known;
        }
    } catch (const database_error&) { // then each place that couldn't be read counts as one
    }
    old_.reset();
    if (!is_damaged) {
        files_.remove(file_);
        watcher_.carried_over(files_.path_of(file_), carried, 0);
        return true;
    }
    if (missing > 0 && !writer_.count_lost(into_, file_, missing))
        return false;
    watcher_.carried_over(files_.keep_as_damaged(file_), carried,
                          std::max<std::uint64_t>(missing, lost_ > 0 ? 1 : 0));
    return true;
}

bool carry_over::carry(const std::vector<sequence>& sequences, bool is_newest_wanted) {
    std::vector<carried_event> piece;
    std::size_t bytes = 0;
    const auto write_piece = [&] {
        bytes = 0;
        return write(std::exchange(piece, {}), !is_newest_wanted);
    };
    for (const sequence at : sequences) {
        if (auto one = read(at)) {
            carried_.push_back(at);
            if (is_newest_wanted && newer_ != nullptr && newer_->holds(one->what.subject->id))
                continue; // as it became there
            bytes += one->what.subject->body.size();
            piece.push_back(std::move(*one));
        }
        if (bytes >= piece_bytes && !write_piece())
            return false;
    }
    return write_piece();
}

bool carry_over::write(const std::vector<carried_event>& piece, bool may_wait) {
    if (piece.empty())
        return !is_over();
    while (may_wait && !is_over() && !has_room_()) {
    }
    return !is_over() && writer_.carry(into_, piece);
}

std::optional<carried_event> carry_over::read(sequence at) {
    static const std::string sql = std::string("SELECT ") + event_columns + " FROM events WHERE sequence=?";
    try {
        statement row(*old_, sql.c_str());
        if (!row.bind(at).step())
            return std::nullopt; // a delivery whose event left
        carried_event one{read_event_row(row), {}};
        if (!one.what.subject) {
            ++lost_;
            has_failed_ = true;
            watcher_.damaged(at, old_->file());
            return std::nullopt;
        }
        one.deliveries = deliveries_of(at).value_or(std::vector<carried_delivery>{});
        return one;
    } catch (const database_error& failure) {
        note_lost(failure);
        return std::nullopt;
    }
}

/// Nothing where they can't be read: what became of the event is lost, the event is not, and is routed once
/// more.
std::optional<std::vector<carried_delivery>> carry_over::deliveries_of(sequence at) {
    try {
        return read_carried_deliveries(*old_, at);
    } catch (const database_error& failure) {
        note_failure(failure);
        return std::nullopt;
    }
}

} // namespace outreachd::store
