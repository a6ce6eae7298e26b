/// Where a command reads and writes: the terminal in the program, strings and pipes in tests.
#pragma once

#include <iosfwd>

namespace outreachd::command_line {

struct streams {
    std::ostream& out;           ///< What was asked for.
    std::ostream& err;           ///< What went wrong.
    bool is_terminal = false;    ///< `err` is one: long work may show there how far it is.
    int in = -1;                 ///< A descriptor: what is typed, or given by a pipe. -1: nothing.
    bool is_interactive = false; ///< `in` is a terminal too: somebody is there to be asked.
    int sink = -1;               ///< The descriptor that `out` writes to. -1: none.
};

} // namespace outreachd::command_line
