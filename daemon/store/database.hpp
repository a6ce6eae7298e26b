/// SQLite's C handles as objects, and its codes as one exception.
///
/// Inside the store a failed call throws `database_error`; it is caught where a transaction or a
/// read as a whole fails, and never leaves the store's public face.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace outreachd::store {

/// A failed SQLite call: its extended code, its text, and the system's error where there was one.
class database_error : public std::runtime_error {
public:
    database_error(int extended_code, const std::string& what, int system_error = 0)
        : std::runtime_error(what), code_(extended_code), system_error_(system_error) {}

    int code() const noexcept { return code_; }

    /// Pages that the kernel may have dropped after saying so once: nothing more may be written
    /// behind them (ext4, XFS and Btrfs mark them clean after a failed fsync).
    bool is_failed_sync() const noexcept;
    /// The file isn't a database any more, or its structure is broken. SQLite says so of some
    /// failed reads, too.
    bool is_damage() const noexcept;
    /// It could be read, if the device allowed; not where there is no room, memory or descriptor for it.
    bool is_failed_read() const noexcept;
    /// The device gave an error for a page of the file.
    bool is_unreadable_page() const noexcept;
    /// The device gave an error for what was to be written. Not where there is no room for it: a full disk, a
    /// quota, a limit on the file's size.
    bool is_unwritable_page() const noexcept;

private:
    int code_;
    int system_error_;
};

/// What SQLite doesn't see.
database_error damaged_file(const std::string& what);

/// Sets the library up: before anything else of it is called. Any thread, any number of times.
void start_sqlite();

class statement;

enum class open_mode {
    create, ///< Read and write; made where it is missing.
    write,  ///< Read and write.
    read,   ///< `query_only`: still needs the -shm file.
};

/// One SQLite connection, for one thread at a time. Never makes a checkpoint by itself, not even
/// when it is closed: only `checkpoint_passive` and `checkpoint_truncate` do.
class database {
public:
    /// `vfs`: SQLite's way to the files; none: the usual one.
    database(const std::string& file, open_mode mode, const char* vfs = nullptr);
    ~database();
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    /// Runs statements that give no rows.
    void execute(const char* sql);
    std::int64_t read_number(const char* sql);

    /// A statement for repeated use, prepared once.
    std::unique_ptr<statement> prepare(const char* sql);

    struct checkpoint_progress {
        int wal_frames = 0;
        int copied_frames = 0;
    };

    /// Copies what it can from the WAL to the database without waiting for anybody.
    checkpoint_progress checkpoint_passive();
    /// Afterwards what the WAL holds survives a power cut, whoever wrote it.
    void flush_wal();
    /// Copies everything and empties the WAL. For a clean stop.
    void checkpoint_truncate();
    /// Throws where the file, or its WAL, isn't under its name any more: what is written to it now is gone
    /// with the last descriptor. Of one that has been written.
    void check_in_place();

    /// Called after each commit with the WAL's length in frames.
    void on_commit(std::function<void(int wal_frames)> hook);

    int changes() const noexcept;
    [[noreturn]] void fail(const char* what) const;

    sqlite3* handle() const noexcept { return handle_; }

    const std::string& file() const noexcept { return file_; }

private:
    std::string file_;
    sqlite3* handle_ = nullptr;
    std::uint64_t wal_inode_ = 0; ///< As it was when first looked for; 0: not yet.
    std::function<void(int)> commit_hook_;
};

/// A prepared statement. `bind` in order, `step` through the rows, read columns in order; the next
/// `bind` or `reset` starts again. Bound text and blobs must live until then.
class statement {
public:
    statement(database& owner, const char* sql);
    ~statement();
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;

    template <typename... Values>
    statement& bind(const Values&... values) {
        reset();
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }

    /// True: a row is there. False: the end; the statement is reset.
    bool step();
    /// Runs to the end, for statements without rows.
    void run();
    void reset() noexcept;

    std::int64_t number(int column) const noexcept;
    std::string text(int column) const;
    /// Valid until the next step.
    std::string_view view(int column) const noexcept;
    bool is_null(int column) const noexcept;

private:
    void bind_one(int index, std::int64_t value);
    void bind_one(int index, std::string_view text);
    void bind_one(int index, std::span<const std::uint8_t> blob);
    void bind_one(int index, std::nullptr_t);

    void bind_one(int index, const std::optional<std::int64_t>& value) {
        if (value)
            bind_one(index, *value);
        else
            bind_one(index, nullptr);
    }

    database& owner_;
    sqlite3_stmt* handle_ = nullptr;
};

/// A transaction that is rolled back unless it was committed.
class transaction {
public:
    enum class kind { read, write };
    transaction(database& owner, kind what);
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    void commit();

private:
    database& owner_;
    bool is_open_ = true;
};

} // namespace outreachd::store
