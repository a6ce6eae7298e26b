#include "tests/servers/leftovers.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace outreachd::test_servers {

namespace {

/// Empty where the process has gone meanwhile.
std::string content_of(const std::filesystem::path& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf(); // what can't be read is no exception here, as it would be by an iterator
    return content.str();
}

} // namespace

std::vector<std::string> processes_naming(const std::string& path) {
    std::vector<std::string> found;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
        std::string command = content_of(entry.path() / "cmdline");
        if (command.find(path) == std::string::npos &&
            content_of(entry.path() / "environ").find(path) == std::string::npos)
            continue;
        std::replace(command.begin(), command.end(), '\0', ' ');
        found.push_back(command);
    }
    return found;
}

} // namespace outreachd::test_servers
