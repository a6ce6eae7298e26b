#include "daemon/store/sqlite_reader.hpp"

#include "daemon/store/event_row.hpp"
#include "daemon/store/guarded_read.hpp"
#include "daemon/store/kept_rows.hpp"

#include <algorithm>

namespace outreachd::store {

namespace {

constexpr std::int64_t looked_through_at_once = 4096; // some milliseconds
constexpr const char* unfinished_columns =
    "event, state, attempts, next_attempt_at, ordering_key, replay, is_conditional";

/// Those columns, from `first` on.
unfinished_delivery read_unfinished(const statement& row, int first) {
    unfinished_delivery one;
    one.sequence = row.number(first);
    one.state = static_cast<delivery_state>(row.number(first + 1));
    one.attempts = static_cast<std::uint32_t>(row.number(first + 2));
    if (!row.is_null(first + 3))
        one.next_attempt_at = to_wall_time(row.number(first + 3));
    one.ordering_key = static_cast<std::uint64_t>(row.number(first + 4));
    one.replay = static_cast<std::uint32_t>(row.number(first + 5));
    one.is_conditional = row.number(first + 6) != 0;
    return one;
}

} // namespace

sqlite_reader::sqlite_reader(const file_set& files, writer& owner, observer& watcher,
                             std::atomic<std::uint64_t>& damaged, std::chrono::milliseconds list_time_max)
    : files_(files), writer_(owner), watcher_(watcher), damaged_(damaged), list_time_max_(list_time_max) {
    follow_writer();
}

void sqlite_reader::follow_writer() {
    const std::int64_t current = writer_.file();
    if (database_ && file_ == current)
        return;
    close();
    database_ = std::make_unique<database>(files_.path_of(current), open_mode::read);
    file_ = current;
}

/// Its statements first: a connection with one left would stay open, and its file with it.
void sqlite_reader::close() noexcept {
    kept_ = {};
    database_.reset();
}

stored_event sqlite_reader::checked(const statement& row) {
    stored_event read = read_event_row(row);
    if (!read.subject) {
        ++damaged_;
        watcher_.damaged(read.sequence, database_->file());
    }
    return read;
}

result<sequence> sqlite_reader::routed_up_to() {
    return guarded(
        true, [&] { return database_->read_number("SELECT value FROM facts WHERE key='routed_up_to'"); });
}

result<std::vector<stored_event>> sqlite_reader::events_after(sequence after, std::size_t limit,
                                                              std::size_t bytes_max) {
    return guarded(true, [&] {
        static const std::string sql = std::string("SELECT ") + event_columns +
                                       ", sequence <= (SELECT value FROM facts WHERE key='routed_up_to')"
                                       " FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?";
        statement rows(*database_, sql.c_str());
        rows.bind(after, static_cast<std::int64_t>(limit));
        std::vector<stored_event> found;
        std::size_t bytes = 0;
        while (bytes < bytes_max && rows.step()) {
            found.push_back(checked(rows));
            found.back().is_routed = rows.number(event_column_count) != 0;
            if (found.back().subject)
                bytes += found.back().subject->body.size();
        }
        return found;
    });
}

result<events_of_resource> sqlite_reader::next_of_resource(std::string_view resource, sequence after) {
    return guarded(true, [&] {
        events_of_resource found;
        statement last(*database_, "SELECT max(sequence) FROM (SELECT sequence FROM events WHERE sequence > ?"
                                   " ORDER BY sequence LIMIT ?)");
        last.bind(after, looked_through_at_once);
        found.looked_up_to = last.step() && !last.is_null(0) ? last.number(0) : after;
        static const std::string sql = std::string("SELECT ") + event_columns +
                                       " FROM events WHERE sequence > ? AND sequence <= ? AND resource = ?"
                                       " ORDER BY sequence";
        statement rows(*database_, sql.c_str());
        rows.bind(after, found.looked_up_to, resource);
        while (rows.step())
            found.events.push_back(checked(rows));
        return found;
    });
}

result<stored_event> sqlite_reader::event_at(sequence at) {
    auto found = guarded(true, [&] {
        static const std::string sql =
            std::string("SELECT ") + event_columns + " FROM events WHERE sequence=?";
        statement row(*database_, sql.c_str());
        return row.bind(at).step() ? std::optional{checked(row)} : std::nullopt;
    });
    return required(std::move(found));
}

result<std::vector<std::optional<unfinished_event>>>
sqlite_reader::unfinished_events(std::string_view handler, std::span<const sequence> places,
                                 std::size_t bytes_max) {
    return guarded(true, [&] {
        static const std::string sql = std::string("SELECT ") + event_columns + ", " + unfinished_columns +
                                       " FROM deliveries JOIN events ON sequence=event"
                                       " WHERE event=?1 AND state<2"
                                       " AND handler=(SELECT id FROM handlers WHERE name=?2)";
        transaction together(*database_, transaction::kind::read); // else each row begins and ends its own
        std::vector<std::optional<unfinished_event>> found;
        std::size_t bytes = 0;
        for (const sequence at : places) {
            if (bytes >= bytes_max)
                break;
            auto& one = found.emplace_back();
            kept_rows rows(kept_.unfinished_event, *database_, sql.c_str(), at, handler);
            if (rows.step())
                one = unfinished_event{read_unfinished(rows.row(), event_column_count),
                                       checked(rows.row()).subject};
            if (one && one->subject)
                bytes += one->subject->body.size();
        }
        together.commit();
        return found;
    });
}

result<std::vector<unfinished_delivery>> sqlite_reader::unfinished(std::string_view handler, sequence after,
                                                                   std::size_t limit) {
    return guarded(true, [&] {
        static const std::string sql = std::string("SELECT ") + unfinished_columns +
                                       " FROM deliveries"
                                       " WHERE handler=(SELECT id FROM handlers WHERE name=?)"
                                       " AND event>? AND state<2 ORDER BY event LIMIT ?";
        statement rows(*database_, sql.c_str());
        rows.bind(handler, after, static_cast<std::int64_t>(limit));
        std::vector<unfinished_delivery> found;
        while (rows.step())
            found.push_back(read_unfinished(rows, 0));
        return found;
    });
}

result<std::vector<std::string>> sqlite_reader::step_results(std::string_view handler, sequence at) {
    return guarded(true, [&] {
        statement rows(*database_, "SELECT result FROM steps WHERE event=?"
                                   " AND handler=(SELECT id FROM handlers WHERE name=?) ORDER BY number");
        rows.bind(at, handler);
        std::vector<std::string> found;
        while (rows.step())
            found.push_back(rows.text(0));
        return found;
    });
}

} // namespace outreachd::store
