/// Where a command writes: the terminal in the program, strings in tests.
#pragma once

#include <iosfwd>

namespace outreachd::command_line {

struct streams {
    std::ostream& out; ///< What was asked for.
    std::ostream& err; ///< What went wrong.
};

} // namespace outreachd::command_line
