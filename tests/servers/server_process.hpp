/// Programs that tests run.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace outreachd::test_servers {

struct server_program {
    std::vector<std::string> arguments;   ///< The first is the program, looked up in PATH.
    std::vector<std::string> environment; ///< `NAME=VALUE`, all of it.
    std::string directory = "/";          ///< Its working directory.
    int input = -1;                       ///< An open descriptor; else /dev/null. So also:
    int output = -1;                      ///< Where standard output and standard error go.
};

/// A child process, in a session of its own, without a descriptor or a signal setting of ours. Any thread,
/// but one at a time.
class server_process {
public:
    explicit server_process(const server_program& what); ///< Throws std::system_error.
    ~server_process();                                   ///< As `kill`.
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;

    bool is_running();
    void kill(); ///< SIGKILL; returns when it is dead.
    /// SIGTERM, also to a frozen one; false where it still runs after `limit`.
    bool terminate(std::chrono::milliseconds limit);
    void freeze(); ///< SIGSTOP; returns when it stands still.
    void thaw();   ///< SIGCONT.
    /// Blocks until it has ended: its exit code, or 128 and the signal that ended it.
    int wait();

    pid_t id() const noexcept { return id_; }

private:
    bool collect(int options);

    pid_t id_;
    bool is_over_ = false;
    int exit_code_ = 0;
};

struct program_result {
    int exit_code = -1;      ///< As `server_process::wait` has it.
    std::string output = {}; ///< Standard output and standard error.
};

/// Runs a program, with `input` as its standard input, to its end. Throws std::system_error.
program_result run_to_end(server_program what, std::string_view input = {});

} // namespace outreachd::test_servers
