#include "daemon/certificate_watch.hpp"

#include <utility>

#include <sys/stat.h>

namespace outreachd {

certificate_watch::certificate_watch(std::optional<settings::tls_files> files) : files_(std::move(files)) {
    has_changed();
}

void certificate_watch::watch(std::optional<settings::tls_files> files) {
    if (files == files_)
        return; // what has changed since the last look is still to be seen
    files_ = std::move(files);
    seen_ = {};
}

bool certificate_watch::has_changed() {
    if (!files_)
        return false;
    const std::array<stamp, 2> now{stamp_of(files_->certificate), stamp_of(files_->private_key)};
    return std::exchange(seen_, now) != now;
}

/// All zero where there is no file: between its removal and the next one's coming.
certificate_watch::stamp certificate_watch::stamp_of(const std::string& path) {
    struct stat found {};

    if (stat(path.c_str(), &found) != 0)
        return {};
    return {static_cast<std::int64_t>(found.st_dev),          static_cast<std::int64_t>(found.st_ino),
            static_cast<std::int64_t>(found.st_size),         static_cast<std::int64_t>(found.st_mtim.tv_sec),
            static_cast<std::int64_t>(found.st_mtim.tv_nsec), static_cast<std::int64_t>(found.st_ctim.tv_sec),
            static_cast<std::int64_t>(found.st_ctim.tv_nsec)};
}

} // namespace outreachd
