/// Where what gives access to Outreach is kept, over restarts and for all processes of a host.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/token_record.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace outreachd::store {

struct token_reading {
    token_record record;     ///< Empty where there is no file.
    std::string problem;     ///< Why it can't be used, and what to do. Empty: it can.
    bool is_damaged = false; ///< It was read, and makes no sense.
};

/// Tells one writing of a file from the next. All zero: there is none.
struct file_stamp {
    std::uint64_t inode = 0;
    std::int64_t changed_at_ns = 0; ///< The file system's own clock.
    std::int64_t bytes = 0;
    friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

/// The file `outreach-tokens.json` of a directory, and the lock beside it.
///
/// The lock spans threads and all processes of a host. Reading needs none: the file is replaced whole.
/// Thread-safe.
class token_file {
public:
    /// Who holds the lock; given back at its end. Must not outlive the file.
    class guard {
    public:
        guard(guard&& other) noexcept;
        guard& operator=(guard&&) = delete;
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        ~guard();

    private:
        friend class token_file;

        explicit guard(token_file& owner) : owner_(&owner) {}

        token_file* owner_;
        int descriptor_ = -1;
    };

    struct locking {
        std::optional<guard> held; ///< Nothing where somebody else held it until the deadline, or:
        std::string problem;       ///< Why it can't be taken at all.
    };

    /// `name`: of another file of that form, with a lock of its own.
    explicit token_file(std::string directory, std::string name = "outreach-tokens");
    token_file(const token_file&) = delete;
    token_file& operator=(const token_file&) = delete;

    /// Makes the directory (mode 0700) where it is missing. Blocks up to `deadline`.
    locking lock(steady_time deadline);

    token_reading read() const;

    /// Another one wherever the file has been written, by whatever process, or has come or gone; costs one
    /// stat(2). What was read after it is at least as new.
    file_stamp stamp() const;

    /// Afterwards the record survives a power cut. Empty, or why it couldn't be written.
    std::string write(const guard& held, const token_record& record);

    const std::string& directory() const noexcept { return directory_; }

private:
    void give_back(int descriptor);
    std::string file_path() const;
    std::string lock_path() const;

    const std::string directory_;
    const std::string name_;
    std::mutex mutex_;
    std::condition_variable given_back_;
    bool is_taken_ = false; ///< By a thread of this process. Guarded by `mutex_`.
};

} // namespace outreachd::store
