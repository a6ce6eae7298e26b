/// Small files that are replaced whole, so that a reader finds the old text or the new one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace outreachd::store {

enum class endurance {
    power_cut,   ///< On the disk when the call returns, and so is its name.
    process_end, ///< May be lost with the machine.
};

/// Writes beside `path` and renames; mode 0600; owned by the directory's owner where root writes it. One
/// writer at a time. Empty, or `can't write '/x': No space left on device`, and then `path` is as before;
/// except where nothing but the directory's flush failed: it has the new text, and a power cut may bring back
/// the old.
std::string replace_file(const std::string& path, std::string_view text, endurance kept);

struct whole_text {
    std::string text;
    bool is_there = false; ///< False also where it couldn't be read.
    std::string problem;   ///< `can't read '/x': Permission denied`. Empty: read, or there is no such file.
};

whole_text read_whole(const std::string& path, std::size_t bytes_max);

/// Opens a file for locking, makes it where it is missing: mode 0600, owner as above. The descriptor, or
/// -1 and `errno`.
int open_lock_file(const std::string& path);

/// The directory that a file is in: `.` where `path` names none.
std::string parent_of(const std::string& path);

/// Makes a directory (mode 0700) where it is missing; its parent must be there. Empty, or what is wrong.
std::string make_directory(const std::string& path);

} // namespace outreachd::store
