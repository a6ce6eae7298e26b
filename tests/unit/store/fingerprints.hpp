/// Fingerprints that tests know, and the files that filters of them stand in.
#pragma once

#include "daemon/crypto/digest.hpp"
#include "daemon/store/fingerprint_filter.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace outreachd::store {

inline fingerprint numbered(int number) {
    const digest whole = sha256(std::to_string(number));
    fingerprint half{};
    std::copy_n(whole.begin(), half.size(), half.begin());
    return half;
}

/// By which this process can open each of its files in `directory` that have no name (any more).
inline std::vector<std::string> unnamed_files(const std::string& directory) {
    const std::string beginning = std::filesystem::canonical(directory).string() + "/";
    std::vector<std::string> found;
    for (const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone; // that of this listing
        const std::string target = std::filesystem::read_symlink(one.path(), gone).string();
        if (target.starts_with(beginning) && target.ends_with(" (deleted)"))
            found.push_back(one.path().string());
    }
    return found;
}

} // namespace outreachd::store
