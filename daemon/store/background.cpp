#include "daemon/store/background.hpp"

#include "daemon/store/event_row.hpp"

#include <algorithm>
#include <filesystem>

namespace outreachd::store {

namespace {

using namespace std::chrono_literals;

constexpr auto checkpoint_pause = 100ms;
constexpr auto idle_checkpoint_pause = 500ms; // where nothing was written meanwhile
constexpr int checkpoint_frames_min = 1000;   // 4 MiB of WAL
constexpr int finish_frames_min = 16'000;     // 64 MiB: the writer is never idle, and the WAL must shrink
constexpr auto background_pause = 250ms;
constexpr int idle_pauses = 20; // where nothing was written meanwhile: what is left depends on the time alone
constexpr std::int64_t check_rows_per_pause = 250;
constexpr std::size_t check_bytes_per_pause = 4 * 1024 * 1024;
constexpr auto check_time_max = 100ms; // of a read transaction, however slow the disk is
constexpr auto expiry_pause = 5ms;
constexpr int expiry_steps_max = 100;
constexpr auto pass_pause = 3s;
constexpr int passes_max = 10;
/// What carrying over leaves free, of the disk at most that part: an ack is worth more.
constexpr std::uint64_t disk_reserve_max = 128UL * 1024 * 1024;
constexpr std::uint64_t disk_reserve_part = 16;

std::uint64_t reserve_of(const std::filesystem::space_info& disk) {
    return std::min<std::uint64_t>(disk_reserve_max, disk.capacity / disk_reserve_part);
}

/// 0 where there is none.
std::uint64_t size_of(const std::string& path) {
    std::error_code failed;
    const std::uintmax_t bytes = std::filesystem::file_size(path, failed);
    return failed ? 0 : bytes;
}

} // namespace

void stop_signal::stop() {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
}

bool stop_signal::wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return is_stopped_; });
}

void checkpointer::run() {
    int last_frames = -1;
    for (bool is_idle = false; !stop_.wait_for(is_idle ? idle_checkpoint_pause : checkpoint_pause);) {
        const int frames = writer_.wal_frames();
        is_idle = frames == last_frames;
        last_frames = frames;
        if (frames < checkpoint_frames_min || frames == seen_frames_)
            continue;
        seen_frames_ = frames;
        try {
            checkpoint();
        } catch (const database_error& failure) {
            database_.reset();
            // A checkpoint that couldn't be flushed: pages of the file itself may be missing. The WAL
            // still has them as long as nobody writes to it.
            writer_.note_failure(file_, failure);
        } catch (const std::exception&) { // no memory: the next time
        }
    }
}

void checkpointer::checkpoint() {
    const std::int64_t current = writer_.file();
    if (!database_ || file_ != current) {
        file_ = current;
        database_ = std::make_unique<database>(files_.path_of(current), open_mode::write);
    }
    const auto progress = database_->checkpoint_passive();
    if (progress.wal_frames >= finish_frames_min && progress.copied_frames < writer_.wal_frames())
        writer_.finish_checkpoint();
}

void background::run() {
    do {
        attempt([this] {
            if (may_have_older_ || writer_.is_carrying())
                carry_older_files();
            look_around();
            if (!is_checked_)
                check_some_rows();
            remove_some_events();
        });
    } while (!pause());
}

/// What fails is told, and comes by again.
void background::attempt(const std::function<void()>& work) {
    try {
        work();
    } catch (const database_error& failure) {
        database_.reset();
        watcher_.read_failed(failure.what());
        writer_.note_failure(file_, failure);
    } catch (const std::exception& failure) { // no descriptor, no memory, a directory that can't be read
        watcher_.read_failed(failure.what());
    }
}

/// At the file in use.
void background::look_around() {
    follow_writer();
    look_for_unfinished();
}

/// For an older file that can't be carried on now, which may take somebody days. True: stopping.
bool background::wait_for_older() {
    attempt([this] { look_around(); });
    return stop_.wait_for(pass_pause);
}

/// True: stopping. What there is to do depends on what was written, and now and then on the time alone.
bool background::pause() {
    for (int pauses = 0; pauses < idle_pauses; ++pauses) {
        if (stop_.wait_for(background_pause))
            return true;
        if (!is_checked_ || writer_.wal_frames() != seen_frames_)
            break;
    }
    seen_frames_ = writer_.wal_frames();
    return false;
}

/// In passes, since a file that is taken up meanwhile begins everything anew.
void background::carry_older_files() {
    may_have_older_ = true;
    for (int failing_passes = 0; !writer_.is_stopping();) {
        const std::int64_t into = writer_.file();
        if (into == waits_for_room_ && !has_room())
            return;
        const auto older = open_older(into);
        bool is_clean = true;
        for (const auto& one : older)
            is_clean = one->carry_unfinished() && is_clean;
        if (is_clean && writer_.is_carrying() && !writer_.end_carrying(into))
            continue;
        if (is_clean && !has_room()) {
            waits_for_room_ = into; // it is history, and the space is needed for what comes
            newest_waiting_ = 0;
            for (const auto& one : older)
                newest_waiting_ = std::max(newest_waiting_, one->last());
            return;
        }
        waits_for_room_ = 0;

        const auto rest = carry_rest(older);
        if (rest == carried::later)
            continue;
        // Not damage, as far as can be told, but a device that fails to read, which may come back; or no
        // descriptor or memory, which says nothing of the file at all.
        if (rest == carried::out_of_reach ||
            (rest == carried::unreadable && ++failing_passes <= passes_max)) {
            want_room_to_mend();
            if (wait_for_older())
                return;
            continue;
        }
        if (!is_clean && !writer_.end_carrying(into))
            continue;
        if (std::all_of(older.begin(), older.end(), [](const auto& one) { return one->finish(); })) {
            may_have_older_ = false;
            want_room(0);
            return;
        }
    }
}

/// Ascending; each knows the next newer one.
std::vector<std::unique_ptr<carry_over>> background::open_older(std::int64_t into) {
    std::vector<std::int64_t> numbers = writer_.older_files();
    std::vector<std::unique_ptr<carry_over>> older(numbers.size());
    const carry_over* newer = nullptr;
    for (std::size_t at = numbers.size(); at-- > 0; newer = older[at].get())
        older[at] = std::make_unique<carry_over>(files_, numbers[at], into, writer_, watcher_, newer,
                                                 [this] { return !waits_for_reserve(); });
    return older;
}

background::carried background::carry_rest(const std::vector<std::unique_ptr<carry_over>>& older) {
    bool is_unreadable = false;
    bool is_out_of_reach = false;
    for (auto one = older.rbegin(); one != older.rend(); ++one) { // the newest first
        if (!(*one)->carry_rest())
            return carried::later;
        is_unreadable = is_unreadable || ((*one)->has_failed() && !(*one)->is_readable());
        is_out_of_reach = is_out_of_reach || (*one)->is_out_of_reach();
    }
    if (is_out_of_reach)
        return carried::out_of_reach;
    return is_unreadable ? carried::unreadable : carried::all;
}

bool background::has_room() {
    std::uint64_t needed = 0;
    for (const std::int64_t number : writer_.older_files())
        needed += size_of(files_.path_of(number)) + size_of(files_.path_of(number) + "-wal");
    const auto disk = std::filesystem::space(files_.directory());
    const std::uint64_t wanted = needed == 0 ? 0 : needed + needed / 4 + reserve_of(disk);
    const bool has = needed == 0 || disk.available > wanted;
    want_room(has ? 0 : wanted);
    return has;
}

/// Of a file that is damaged everything is carried at once, whatever room there is; and what comes meanwhile
/// takes room, too. True: it waited a while.
bool background::waits_for_reserve() {
    const auto disk = std::filesystem::space(files_.directory());
    const std::uint64_t reserve = reserve_of(disk);
    const bool has = disk.available > reserve;
    want_room(has ? 0 : reserve);
    if (!has)
        wait_for_older();
    return !has;
}

/// A WAL that is mended is written anew.
void background::want_room_to_mend() {
    std::uint64_t needed = 0;
    for (const std::int64_t number : writer_.older_files())
        needed = std::max(needed, size_of(files_.path_of(number) + "-wal"));
    if (std::filesystem::space(files_.directory()).available <= needed)
        want_room(needed);
}

void background::want_room(std::uint64_t bytes) {
    if (room_wanted_.exchange(bytes) == 0 && bytes != 0)
        watcher_.waits_for_room(files_.directory(), bytes);
}

std::optional<std::uint64_t> background::room_wanted() const {
    const std::uint64_t bytes = room_wanted_;
    return bytes == 0 ? std::nullopt : std::optional{bytes};
}

void background::follow_writer() {
    const std::int64_t current = writer_.file();
    if (database_ && file_ == current)
        return;
    database_ = std::make_unique<database>(files_.path_of(current), open_mode::read);
    if (file_ != current) {
        may_have_older_ = may_have_older_ || file_ != 0;
        file_ = current;
        checked_up_to_ = 0;
        is_checked_ = false;
    }
    writer_.load_filters(*database_); // goes on where it failed
}

void background::look_for_unfinished() {
    unfinished_view found;
    // First, so that of what is routed up to there every unfinished delivery is seen. While older files are
    // carried over, some of them aren't in this one.
    if (!writer_.is_carrying())
        found.routed_up_to = database_->read_number("SELECT value FROM facts WHERE key='routed_up_to'");
    statement names(*database_, "SELECT id, name FROM handlers WHERE id > 0");
    statement oldest(*database_,
                     "SELECT event, (SELECT received_at FROM events WHERE sequence=event) FROM deliveries"
                     " WHERE handler=? AND state<2 ORDER BY event LIMIT 1");
    // Of the first few where the first came while the clock was ahead: its own age is unknown.
    statement first_few(*database_,
                        "SELECT min(received_at) FROM events WHERE sequence IN (SELECT event FROM deliveries"
                        " WHERE handler=? AND state<2 ORDER BY event LIMIT 100)");
    const std::int64_t now = to_number(wall_now());
    while (names.step()) {
        if (oldest.bind(names.number(0)).step()) {
            std::int64_t received_at = oldest.number(1);
            if (received_at > now && first_few.bind(names.number(0)).step())
                received_at = first_few.number(0);
            found.oldest[names.text(1)] = {oldest.number(0), to_wall_time(received_at)};
        }
        oldest.reset();
        first_few.reset();
    }
    const std::scoped_lock lock(mutex_);
    unfinished_ = std::move(found);
}

void background::check_some_rows() {
    static const std::string sql =
        std::string("SELECT ") + event_columns + " FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?";
    statement rows(*database_, sql.c_str());
    rows.bind(checked_up_to_, check_rows_per_pause);
    bool is_end = true;
    std::size_t bytes = 0;
    const auto give_up_at = std::chrono::steady_clock::now() + check_time_max;
    while (rows.step()) {
        is_end = false;
        const stored_event row = read_event_row(rows);
        checked_up_to_ = row.sequence;
        bytes += row.subject ? row.subject->body.size() : 0;
        if (!row.subject) {
            ++damaged_;
            watcher_.damaged(row.sequence, database_->file());
        }
        if (bytes >= check_bytes_per_pause || std::chrono::steady_clock::now() >= give_up_at)
            break;
    }
    is_checked_ = is_end;
}

/// Older files may have an event as it was before it was finished, and it must not come back: while they are
/// there nothing is removed, and while they wait for room nothing that may be in them.
bool background::may_remove() const {
    return !writer_.is_carrying() && (!may_have_older_ || waits_for_room_ == file_);
}

/// Between other work, and with pauses: the writer has more urgent things to do.
void background::remove_some_events() {
    for (int step = 0; step < expiry_steps_max && may_remove(); ++step)
        if (!expiry_.step(*database_, file_, wall_now(), may_have_older_ ? newest_waiting_ : 0) ||
            stop_.wait_for(expiry_pause))
            return;
}

unfinished_view background::unfinished() const {
    const std::scoped_lock lock(mutex_);
    return unfinished_;
}

} // namespace outreachd::store
