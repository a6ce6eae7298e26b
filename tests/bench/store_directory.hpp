/// A place for a store that is measured.
#pragma once

#include <string>

namespace outreachd::bench {

/// Is gone afterwards.
class store_directory {
public:
    /// Throws std::runtime_error where there is no place in `in`.
    explicit store_directory(const std::string& in);
    ~store_directory();
    store_directory(const store_directory&) = delete;
    store_directory& operator=(const store_directory&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

} // namespace outreachd::bench
