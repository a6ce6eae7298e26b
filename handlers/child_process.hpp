/// Starts a program as a child of the daemon.
#pragma once

#include "handlers/descriptor.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace outreachd::handlers {

/// What is to be run.
struct program {
    std::string path;                     ///< Absolute.
    std::vector<std::string> arguments;   ///< All of argv, so the first is the program's own name.
    std::vector<std::string> environment; ///< All of it, each as `NAME=value`.
    std::string directory;                ///< Empty: the daemon's own.
    std::string_view input;               ///< Its stdin. Borrowed.
};

/// A child that runs, or why it doesn't. The descriptors are ours, close on exec, and don't block.
struct child_process {
    int error = 0;    ///< An errno; 0: it runs, and everything else holds.
    pid_t id = -1;    ///< Of the process, of its group and of its session.
    descriptor input; ///< To write its stdin to; none where it has none, and reads /dev/null.
    descriptor output;
    descriptor errors;
};

/// Starts `what` by execve(2), never by a shell; returns once the kernel has taken it or refused it.
///
/// The child has the descriptors 0, 1 and 2 and no other, whatever the daemon holds open; every signal
/// by default and none blocked; and a session of its own, so that one signal reaches it with all that it
/// starts, and none of them can ask a terminal. An error is the program's, its directory's or the
/// system's: nobody can tell which from the number alone. Any thread: the daemon's other threads and
/// children don't notice. The caller waits for the child.
child_process start_child(const program& what);

} // namespace outreachd::handlers
