/// Up to when nothing is missing, over restarts.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <optional>
#include <string>

namespace outreachd::outreach {

/// The file `outreach-heartbeat` of a directory, which holds one time. One thread.
class covered_time {
public:
    explicit covered_time(const std::string& directory);

    /// Nothing before the first mark, or where it can't be read.
    std::optional<wall_time> last() const;
    /// Afterwards the time survives a power cut. Empty, or why it couldn't be written.
    std::string mark(wall_time up_to);

private:
    const std::string path_;
};

} // namespace outreachd::outreach
