#include "daemon/store/database.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::store {

bool database_error::is_failed_sync() const noexcept {
    return code_ == SQLITE_IOERR_FSYNC || code_ == SQLITE_IOERR_DIR_FSYNC;
}

bool database_error::is_damage() const noexcept {
    const int primary = code_ & 0xFF;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || code_ == SQLITE_IOERR_SHORT_READ;
}

bool database_error::is_failed_read() const noexcept {
    if ((code_ & 0xFF) != SQLITE_IOERR || is_failed_sync() || code_ == SQLITE_IOERR_NOMEM)
        return false;
    switch (system_error_) { // the index of the WAL, for one, needs room
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return false;
    default:
        return true;
    }
}

bool database_error::is_unreadable_page() const noexcept {
    return code_ == SQLITE_IOERR_READ;
}

bool database_error::is_unwritable_page() const noexcept {
    return code_ == SQLITE_IOERR_WRITE && system_error_ == EIO;
}

database_error damaged_file(const std::string& what) {
    return {SQLITE_CORRUPT, what};
}

namespace {

/// SQLite would make it readable by everybody; its WAL and index take its mode. Only where no connection of
/// this process has it open: closing a descriptor gives up the process's locks.
void make_private(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor >= 0) // else SQLite says what is wrong
        ::close(descriptor);
}

} // namespace

void start_sqlite() {
    // Nobody asks how much memory SQLite holds, and counting takes a lock for each piece of it.
    [[maybe_unused]] static const int is_set = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

database::database(const std::string& file, open_mode mode, const char* vfs) : file_(file) {
    start_sqlite();
    if (mode == open_mode::create)
        make_private(file);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (mode == open_mode::create)
        flags |= SQLITE_OPEN_CREATE;
    const int opened = sqlite3_open_v2(file.c_str(), &handle_, flags, vfs);
    if (opened != SQLITE_OK) {
        const std::string cause = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(opened);
        const int system_error = handle_ ? sqlite3_system_errno(handle_) : 0;
        sqlite3_close(handle_);
        handle_ = nullptr;
        throw database_error(
            opened,
            "can't open " + file + ": " + cause +
                (system_error != 0 ? std::string(" (") + std::strerror(system_error) + ")" : std::string()),
            system_error);
    }
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_busy_timeout(handle_, 2000);
    try {
        // FULL: every commit is flushed before it is answered. A smaller cache than the default is
        // enough, since rows are written in order and read soon after.
        execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
                "PRAGMA foreign_keys=OFF; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF");
        if (mode == open_mode::read)
            execute("PRAGMA query_only=ON; PRAGMA cache_size=-512");
        else if (sqlite3_db_readonly(handle_, "main") == 1) // else only the first commit would say so
            throw database_error(SQLITE_READONLY,
                                 "can't write to " + file + ": it must belong to the user outreachd runs as");
    } catch (const database_error& failure) {
        sqlite3_close(handle_);
        handle_ = nullptr;
        if (failure.code() == SQLITE_ERROR) // these pragmas are right: it is the schema that they read
            throw damaged_file(failure.what());
        throw;
    }
}

database::~database() {
    sqlite3_close_v2(handle_);
}

void database::fail(const char* what) const {
    const int last = errno; // of a write that a commit makes SQLite itself keeps no more than the code
    const bool is_write = sqlite3_extended_errcode(handle_) == SQLITE_IOERR_WRITE;
    const int system_error = is_write ? last : sqlite3_system_errno(handle_);
    std::string text = std::string(what) + " in " + file_ + ": " + sqlite3_errmsg(handle_);
    if (system_error != 0 && (sqlite3_errcode(handle_) & 0xFF) != SQLITE_CORRUPT)
        text += std::string(" (") + std::strerror(system_error) + ")";
    throw database_error(sqlite3_extended_errcode(handle_), text, system_error);
}

void database::execute(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        fail("statement failed");
}

std::int64_t database::read_number(const char* sql) {
    statement question(*this, sql);
    return question.step() ? question.number(0) : 0;
}

std::unique_ptr<statement> database::prepare(const char* sql) {
    return std::make_unique<statement>(*this, sql);
}

database::checkpoint_progress database::checkpoint_passive() {
    checkpoint_progress progress;
    const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               &progress.wal_frames, &progress.copied_frames);
    // BUSY: somebody else is at it.
    if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY)
        fail("checkpoint failed");
    return progress;
}

namespace {

/// Writes the bytes of a file in their own place again. False: `errno` says why.
bool rewrite(int descriptor) {
    std::vector<char> bytes(1024 * 1024);
    for (off_t at = 0;;) {
        const ssize_t got = ::pread(descriptor, bytes.data(), bytes.size(), at);
        if (got <= 0)
            return got == 0;
        for (ssize_t put = 0; put < got;) {
            const ssize_t more =
                ::pwrite(descriptor, bytes.data() + put, static_cast<std::size_t>(got - put), at + put);
            if (more < 0)
                return false;
            put += more;
        }
        at += got;
    }
}

} // namespace

void database::flush_wal() {
    const std::string wal = file_ + "-wal";
    const int descriptor = ::open(wal.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT)
        return;
    const bool is_open = descriptor >= 0;
    // A flush that failed before, in a process that is no more, has left pages that pass for clean: only ones
    // that are written again are flushed.
    const bool is_flushed = is_open && rewrite(descriptor) && ::fdatasync(descriptor) == 0;
    const int cause = errno;
    if (is_open)
        ::close(descriptor); // nobody locks a WAL itself
    if (!is_flushed)
        throw database_error(is_open ? SQLITE_IOERR_FSYNC : SQLITE_CANTOPEN,
                             "can't flush " + wal + ": " + std::strerror(cause));
}

void database::checkpoint_truncate() {
    if (sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) !=
        SQLITE_OK)
        fail("checkpoint failed");
}

void database::check_in_place() {
    int has_moved = 0;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    struct stat wal = {};
    const bool has_wal = ::stat((file_ + "-wal").c_str(), &wal) == 0;
    if (has_wal && wal_inode_ == 0)
        wal_inode_ = wal.st_ino;
    if (has_moved != 0 || !has_wal || wal.st_ino != wal_inode_)
        throw database_error(SQLITE_READONLY_DBMOVED,
                             file_ + (has_moved != 0 ? "" : "-wal") +
                                 " was moved or removed while it is in use: put it back, or restart "
                                 "outreachd to begin without it");
}

void database::on_commit(std::function<void(int)> hook) {
    commit_hook_ = std::move(hook);
    sqlite3_wal_hook(
        handle_,
        [](void* self, sqlite3*, const char*, int wal_frames) {
            static_cast<database*>(self)->commit_hook_(wal_frames);
            return SQLITE_OK;
        },
        this);
}

int database::changes() const noexcept {
    return sqlite3_changes(handle_);
}

statement::statement(database& owner, const char* sql) : owner_(owner) {
    const int code =
        sqlite3_prepare_v3(owner.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
    if (code == SQLITE_ERROR) // our statements are right: it is the schema that isn't
        throw database_error(SQLITE_CORRUPT, "the schema of " + owner.file() +
                                                 " isn't whole: " + sqlite3_errmsg(owner.handle()));
    if (code != SQLITE_OK)
        owner.fail("can't prepare a statement");
}

statement::~statement() {
    sqlite3_finalize(handle_);
}

bool statement::step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        // Reset only after the message was taken: it resets that too.
        try {
            owner_.fail("statement failed");
        } catch (...) {
            reset();
            throw;
        }
    }
    reset();
    return false;
}

void statement::run() {
    while (step()) {
    }
}

void statement::reset() noexcept {
    sqlite3_reset(handle_);
}

std::int64_t statement::number(int column) const noexcept {
    return sqlite3_column_int64(handle_, column);
}

std::string_view statement::view(int column) const noexcept {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
    const int size = sqlite3_column_bytes(handle_, column);
    return bytes != nullptr ? std::string_view{bytes, static_cast<std::size_t>(size)} : std::string_view{};
}

std::string statement::text(int column) const {
    return std::string(view(column));
}

bool statement::is_null(int column) const noexcept {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

void statement::bind_one(int index, std::int64_t value) {
    if (sqlite3_bind_int64(handle_, index, value) != SQLITE_OK)
        owner_.fail("can't bind a number");
}

void statement::bind_one(int index, std::string_view text) {
    const char* const bytes = text.data() != nullptr ? text.data() : "";
    if (sqlite3_bind_text64(handle_, index, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
        owner_.fail("can't bind a text");
}

void statement::bind_one(int index, std::span<const std::uint8_t> blob) {
    static const std::uint8_t nothing = 0;
    const std::uint8_t* const bytes = blob.data() != nullptr ? blob.data() : &nothing;
    if (sqlite3_bind_blob64(handle_, index, bytes, blob.size(), SQLITE_STATIC) != SQLITE_OK)
        owner_.fail("can't bind a blob");
}

void statement::bind_one(int index, std::nullptr_t) {
    if (sqlite3_bind_null(handle_, index) != SQLITE_OK)
        owner_.fail("can't bind a null");
}

transaction::transaction(database& owner, kind what) : owner_(owner) {
    owner.execute(what == kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

transaction::~transaction() {
    if (is_open_ && sqlite3_get_autocommit(owner_.handle()) == 0)
        sqlite3_exec(owner_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
    owner_.execute("COMMIT");
    is_open_ = false;
}

} // namespace outreachd::store
