/// Reads small files that the configuration names.
#pragma once

#include <cstddef>
#include <string>

namespace outreachd::settings {

struct file_contents {
    std::string text;
    std::string problem; ///< Why it couldn't be read: `can't read '/x': Permission denied`. Empty: it was.
    bool is_open_to_others = false; ///< Users outside its owner and group can read or write it.
    unsigned mode = 0;              ///< Permission bits.
};

enum class file_kind {
    regular, ///< A file; a pipe or a device, which could block or never end, is refused.
    stream,  ///< Also a pipe or terminal, for `-c /dev/stdin`.
};

/// Reads a whole file of at most `bytes_max` bytes.
file_contents read_file(const std::string& path, std::size_t bytes_max, file_kind kind);

} // namespace outreachd::settings
