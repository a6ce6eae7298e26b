#include "daemon/command_line/open_browser.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::command_line {

namespace {

bool has_desktop() {
    for (const char* const name : {"DISPLAY", "WAYLAND_DISPLAY"})
        if (const char* const value = std::getenv(name); value != nullptr && *value != '\0')
            return true;
    return false;
}

} // namespace

bool open_browser(const std::string& url) {
    if (!has_desktop())
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        posix_spawn_file_actions_addopen(&actions, each, "/dev/null", O_RDWR, 0);
    // The shell goes at once and leaves the browser to init: nobody here waits for it. The URL is an
    // argument, and never part of what the shell reads.
    std::string program = "sh";
    std::string flag = "-c";
    std::string script = "command -v xdg-open >/dev/null && { xdg-open \"$1\" & }";
    std::string argument = url;
    char* const argv[]{program.data(), flag.data(), script.data(), program.data(), argument.data(), nullptr};
    pid_t child = -1;
    const int error = ::posix_spawnp(&child, "sh", &actions, nullptr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    return error == 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

} // namespace outreachd::command_line
