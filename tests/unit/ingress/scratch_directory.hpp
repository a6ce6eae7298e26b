/// A directory of a test's own, gone with it.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace outreachd::ingress {

class scratch_directory {
public:
    scratch_directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "outreachd-ingress-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("can't make a directory like " + pattern);
        path_ = pattern;
    }

    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    std::string file(const std::string& name) const { return (path_ / name).string(); }

    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

} // namespace outreachd::ingress
