/// Which file the writer writes to: the newest, or a fresh one where that can't be trusted.
#include "daemon/store/event_row.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/wal_mending.hpp"
#include "daemon/store/writer.hpp"

#include <sqlite3.h>

namespace outreachd::store {

namespace {

/// The disk is what refuses, and may come round; not the rights, say, which an operator must see at once.
bool is_refused_by_disk(const std::error_code& code) {
    return code == std::errc::no_space_on_device || code == std::errc::io_error ||
           code == std::error_code(EDQUOT, std::generic_category());
}

} // namespace

void writer::open_newest() {
    const auto numbers = files_.numbers();
    if (numbers.empty()) {
        open_fresh(1, 0, 0);
        return;
    }
    const std::int64_t newest = numbers.back();
    unmended_.insert(numbers.begin(), std::prev(numbers.end()));
    const std::string path = files_.path_of(newest);
    const auto leave = [&](const char* cause) {
        session_.reset();
        unmended_.insert(newest);
        const sequence routed_up_to = cursor_of(newest);
        watcher_.set_aside(path, files_.path_of(newest + 1), cause);
        open_fresh(newest + 1, routed_up_to, routed_up_to);
    };
    try {
        if (!is_of_newer_program(path)) {
            check_header(path);
            if (mend_wal(path))
                throw damaged_file(path +
                                   "-wal is damaged in its midst; what stands behind was brought back");
        }
        session_ = std::make_shared<session>(path);
        is_wal_trusted_ = false;
        file_ = newest;
        is_carrying_ = numbers.size() > 1;
    } catch (const newer_schema_error&) {
        throw;
    } catch (const database_error& damage) {
        if (!damage.is_damage() && !damage.is_failed_read() && !damage.is_failed_sync())
            throw;
        leave(damage.what());
    } catch (const std::system_error& refused) { // the WAL that is to be mended: it waits until it can be
        if (!is_refused_by_disk(refused.code()))
            throw;
        leave(refused.what());
    }
}

/// Where it can't be read, events without deliveries are carried as new ones.
sequence writer::cursor_of(std::int64_t number) {
    try {
        mend_older(number);
        database old(files_.path_of(number), open_mode::read);
        return old.read_number("SELECT value FROM facts WHERE key='routed_up_to'");
    } catch (const database_error&) { // as damaged as the rest
        return to_number(wall_now());
    }
}

/// Throws database_error: where the device fails it is a failed read, and given up in the end; else it is
/// tried again for as long as it takes.
void writer::mend_older(std::int64_t number) {
    if (!unmended_.contains(number))
        return;
    const std::string path = files_.path_of(number);
    try {
        if (!is_of_newer_program(path))
            mend_wal(path);
    } catch (const std::system_error& refused) {
        const bool is_device = refused.code() == std::errc::io_error;
        throw database_error(is_device ? SQLITE_IOERR_READ : SQLITE_CANTOPEN,
                             std::string(refused.what()) +
                                 ": what it holds is carried over once its WAL can be mended");
    }
    unmended_.erase(number);
}

/// What there is of it goes where it can't be made whole: the next start would take it for the newest.
void writer::open_fresh(std::int64_t number, sequence routed_up_to, sequence last_sequence) {
    const std::string path = files_.path_of(number);
    files_.remove(number); // what an earlier try may have left
    std::shared_ptr<session> opened;
    try {
        {
            database fresh(path, open_mode::create);
            create_schema(fresh, routed_up_to);
        }
        files_.sync_directory();
        opened = std::make_shared<session>(path);
        opened->continue_behind(last_sequence);
    } catch (const std::exception&) {
        opened.reset();
        remove_what_was_made(number);
        throw;
    }
    is_wal_trusted_ = true;
    const std::scoped_lock lock(mutex_);
    session_.swap(opened); // the old one is closed after the lock is given back, unless it is borrowed
    // Before the file is published: a reader that finds it must know that it isn't whole.
    is_carrying_ = number > 1;
    file_ = number;
}

void writer::remove_what_was_made(std::int64_t number) {
    try {
        files_.remove(number);
    } catch (const std::exception& failure) { // it is gone, though not for certain where the power fails now
        watcher_.write_failed(failure.what());
    }
}

void writer::replace_file() {
    const std::int64_t old = file_;
    const std::shared_ptr<session> older = session_;
    const bool was_durable = is_wal_trusted_;
    open_fresh(old + 1, session_->routed_up_to(), session_->last_sequence());
    // Else it may know events that nobody was answered for, and that no flush has reached: a repeat of such a
    // one has to be stored.
    if (was_durable)
        session_->repeats().inherit(older->repeats());
    watcher_.set_aside(files_.path_of(old), files_.path_of(old + 1), distrust_cause_);
    distrust_cause_.clear();
    // Routes and settlements wait until the events they speak of have been carried over.
    const std::scoped_lock lock(mutex_);
    give_back_dispatch_work();
}

} // namespace outreachd::store
