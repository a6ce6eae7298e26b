/// The end of a command that was typed wrong, or whose input can't be read.
#pragma once

#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/streams.hpp"

#include <ostream>
#include <string>

namespace outreachd::command_line {

/// Says why, and gives the exit code.
inline int refuse_usage(const std::string& why, const streams& to) {
    to.err << "outreachd: " << printable(why) << '\n';
    return exit_code::usage;
}

/// The same where what was typed may be right, and a file that it names can't be read.
inline int refuse_input(const std::string& why, bool is_unreadable, const streams& to) {
    const int code = refuse_usage(why, to);
    return is_unreadable ? exit_code::failed : code;
}

} // namespace outreachd::command_line
