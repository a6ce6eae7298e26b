/// The end of a command that was typed wrong.
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

} // namespace outreachd::command_line
