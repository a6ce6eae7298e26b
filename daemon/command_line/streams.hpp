/// Where a command writes: the terminal in the program, strings in tests.
#pragma once

#include <iosfwd>

namespace outreachd::command_line {

struct streams {
    std::ostream& out;        ///< What was asked for.
    std::ostream& err;        ///< What went wrong.
    bool is_terminal = false; ///< `err` is one: long work may show there how far it is.
};

} // namespace outreachd::command_line
