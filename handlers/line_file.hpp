/// A file that whole lines are appended to, and that may be rotated away meanwhile.
#pragma once

#include "daemon/event/errc.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::handlers {

/// Appends lines, each with one write(2), so that no reader sees two of them mixed.
///
/// Thread-safe. The file is opened at the first line, and again when its path stands for another
/// file than the one open (rotation, removal) or after `reopen`.
class line_file {
public:
    line_file(std::string path, bool sync_each);
    ~line_file();

    /// Appends `line`, which ends with its line break. Afterwards the whole line is in the file, and
    /// with `sync_each` on the disk; or, with a reason in words, none of it, but for a line whose
    /// sync failed, which may be in it. Blocks for as long as the disk does.
    std::optional<std::string> append(std::string_view line);

    /// The next line opens the file anew. Doesn't block, however long the disk does.
    void reopen();

private:
    struct open_file;

    std::optional<std::string> open_if_needed();
    std::optional<std::string> write_whole(std::string_view line);
    std::optional<std::string> sync(open_file& file, std::uint64_t line_number) const;

    const std::string path_;
    const bool sync_each_;
    std::atomic<bool> wants_reopen_ = false;
    std::mutex mutex_; ///< Held over stat, open and write: for as long as the disk takes.
    /// Shared by the appending threads that still sync it when another has opened the next.
    std::shared_ptr<open_file> file_;
};

} // namespace outreachd::handlers
