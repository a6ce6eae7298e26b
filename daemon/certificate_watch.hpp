/// Notices that a certificate or its key was renewed.
#pragma once

#include "daemon/settings/settings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace outreachd {

/// Compares what the system says of the two files, which is cheap. One thread.
class certificate_watch {
public:
    /// Made before the files are read for use: so no change is missed.
    explicit certificate_watch(std::optional<settings::tls_files> files);

    /// Whether one of them is another than at the last look.
    bool has_changed();

    /// What was seen couldn't be used, which may pass: it counts as changed at the next look, too.
    void forget() { seen_ = {}; }

    /// After a reload. Other files count as changed at the next look, as they may have done so while they
    /// were read.
    void watch(std::optional<settings::tls_files> files);

private:
    /// All of it: a file may be replaced by one of the same size within a second, or be allowed to be read
    /// only after it was written.
    using stamp = std::array<std::int64_t, 7>;

    static stamp stamp_of(const std::string& path);

    std::optional<settings::tls_files> files_;
    std::array<stamp, 2> seen_{};
};

} // namespace outreachd
