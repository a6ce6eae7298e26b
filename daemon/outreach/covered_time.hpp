/// Up to when nothing is missing, over restarts.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <optional>
#include <string>

namespace outreachd::outreach {

/// The file `outreach-heartbeat` of a directory, which holds one time, and a word where that stands still.
/// One thread.
class covered_time {
public:
    explicit covered_time(const std::string& directory);

    struct reading {
        std::optional<wall_time> time;
        bool is_held = false; ///< Something is missing from then on that nobody had fetched.
        std::string problem;  ///< There is a mark, and it can't be read.
    };

    /// Nothing before the first mark.
    reading last() const;
    /// Afterwards the time survives a power cut. Empty, or why it couldn't be written.
    std::string mark(wall_time up_to, bool is_held = false);

private:
    const std::string path_;
};

} // namespace outreachd::outreach
