/// How the program ends, as a shell or systemd sees it (sysexits.h where there is a word for it).
#pragma once

namespace outreachd::command_line::exit_code {

inline constexpr int ok = 0;
inline constexpr int failed = 1;         ///< It was tried, and it didn't work.
inline constexpr int would_change = 2;   ///< Of `webhooks plan`: it isn't empty.
inline constexpr int usage = 64;         ///< The command line can't be understood.
inline constexpr int unavailable = 69;   ///< Nothing answers at the other end.
inline constexpr int configuration = 78; ///< The configuration file is missing or wrong.
inline constexpr int interrupted = 130;  ///< By Ctrl-C, while it waited.

} // namespace outreachd::command_line::exit_code
