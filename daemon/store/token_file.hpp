/// Where what gives access to Outreach is kept, over restarts and for all processes of a host.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/token_record.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace outreachd::store {

struct token_reading {
    token_record record;     ///< Empty where there is no file.
    std::string problem;     ///< Why it can't be used, and what to do. Empty: it can.
    bool is_damaged = false; ///< It was read, and makes no sense.
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

    explicit token_file(std::string directory);
    token_file(const token_file&) = delete;
    token_file& operator=(const token_file&) = delete;

    /// Makes the directory (mode 0700) where it is missing. Blocks up to `deadline`.
    locking lock(steady_time deadline);

    token_reading read() const;

    /// Afterwards the record survives a power cut. Empty, or why it couldn't be written.
    std::string write(const guard& held, const token_record& record);

    const std::string& directory() const noexcept { return directory_; }

private:
    void give_back(int descriptor);

    const std::string directory_;
    std::mutex mutex_;
    std::condition_variable given_back_;
    bool is_taken_ = false; ///< By a thread of this process. Guarded by `mutex_`.
};

} // namespace outreachd::store
