#include "tests/bench/store_directory.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace outreachd::bench {

store_directory::store_directory(const std::string& in) : path_(in + "/outreachd-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr)
        throw std::runtime_error("can't make a directory in " + in);
}

store_directory::~store_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace outreachd::bench
