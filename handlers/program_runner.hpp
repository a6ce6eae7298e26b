/// Runs programs to their end, within a time.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "handlers/child_process.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace outreachd::handlers {

/// The beginning of what a program wrote.
struct kept_output {
    std::string bytes;
    bool is_cut = false; ///< There was more.
};

/// Of each of stdout and stderr so much is kept. The rest is read and dropped, so that no program
/// waits for a reader.
inline constexpr std::size_t kept_output_bytes_max = 4096;

/// What became of a program.
struct program_end {
    enum class kind {
        exited,      ///< `code` is its exit status.
        signalled,   ///< `code` is the signal that ended it.
        timed_out,   ///< It was ended by us, whatever its status said then.
        not_started, ///< `code` is an errno.
        lost,        ///< Its end couldn't be learnt; `code` is an errno.
    };

    kind how = kind::not_started;
    int code = 0;
    bool was_killed = false; ///< With `timed_out`: SIGTERM wasn't enough.
    kept_output output;      ///< Its stdout.
    kept_output errors;      ///< Its stderr.
};

/// Runs programs on the threads that ask for it. Thread-safe. SIGPIPE must be ignored in the process,
/// since a program needn't read its input, and SIGCHLD must not be.
class program_runner {
public:
    /// Between SIGTERM and SIGKILL.
    static constexpr std::chrono::milliseconds grace_default{2000};

    explicit program_runner(std::chrono::milliseconds grace = grace_default) : grace_(grace) {}

    program_runner(const program_runner&) = delete;
    program_runner& operator=(const program_runner&) = delete;

    /// Feeds the program its input, keeps the beginning of what it writes, and returns when its main
    /// process has ended. What is left of its group then is killed, so that nothing of a delivery goes
    /// on once its verdict is there, and a descendant that holds stdout open holds up nobody.
    ///
    /// At `deadline` the group gets SIGTERM, and SIGKILL the grace later. After that only a process
    /// that the kernel itself can't end (one that waits for a dead network disk) keeps the caller waiting.
    program_end run(const program& what, steady_time deadline);

    /// Kills all that run, with their groups, and at once what is started from now on. Any thread.
    void kill_all();

private:
    class registration;

    const std::chrono::milliseconds grace_;
    std::mutex mutex_;
    std::set<pid_t> running_; ///< Not reaped yet, so that none of the numbers is another process's.
    bool is_over_ = false;
};

} // namespace outreachd::handlers
