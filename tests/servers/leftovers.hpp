/// What a server has left behind.
#pragma once

#include <string>
#include <vector>

namespace outreachd::test_servers {

/// The command lines of the processes that have `path` in their environment or command line, their arguments
/// parted by spaces.
std::vector<std::string> processes_naming(const std::string& path);

} // namespace outreachd::test_servers
