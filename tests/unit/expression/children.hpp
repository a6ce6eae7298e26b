/// The processes that a test's engines have begun, as /proc shows them.
#pragma once

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <unistd.h>

namespace outreachd::expression::test {

/// Empty where the process has gone, before or meanwhile.
inline std::string read_file(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

struct process_state {
    char state = '\0'; ///< `Z`: it has ended, and nobody has reaped it. NUL: it is gone.
    pid_t parent = 0;
    long cpu_ticks = 0; ///< In user mode; usually hundredths of a second.
};

inline process_state state_of(const std::string& process) {
    // pid (name) state parent, nine other fields, utime
    const std::string stat = read_file("/proc/" + process + "/stat");
    process_state read;
    if (const std::size_t behind_name = stat.rfind(')'); behind_name != std::string::npos) {
        std::istringstream rest{stat.substr(behind_name + 1)};
        rest >> read.state >> read.parent;
        std::string skipped;
        for (int field = 0; field < 9; ++field)
            rest >> skipped;
        rest >> read.cpu_ticks;
    }
    return read;
}

inline bool is_running(pid_t process) {
    const char state = state_of(std::to_string(process)).state;
    return state != '\0' && state != 'Z';
}

/// Those whose parent is `parent`, the ones that ended and weren't reaped included.
inline std::set<pid_t> children_of(pid_t parent) {
    std::set<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos && state_of(name).parent == parent)
            found.insert(std::stoi(name));
    }
    return found;
}

inline std::set<pid_t> children() {
    return children_of(::getpid());
}

} // namespace outreachd::expression::test
