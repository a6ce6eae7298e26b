/// A directory of a test's own, removed with all that is in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace outreachd::command_line {

class scratch_directory {
public:
    scratch_directory() {
        std::string name = testing::TempDir() + "command_line_XXXXXX";
        if (mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("can't make a directory for the test in " + testing::TempDir());
        path_ = name;
    }

    ~scratch_directory() { std::filesystem::remove_all(path_); }

    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    /// Writes a file and returns its path.
    std::string file(const std::string& name, const std::string& text) const {
        const std::string path = at(name);
        std::ofstream{path, std::ios::binary} << text;
        return path;
    }

    std::string at(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

} // namespace outreachd::command_line
