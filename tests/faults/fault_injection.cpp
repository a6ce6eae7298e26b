#include "tests/faults/fault_injection.hpp"

#include "tests/integration/daemon_under_test.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::tests {

namespace {

std::filesystem::directory_iterator threads_of(pid_t process) {
    return std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task");
}

bool is_traced(const std::filesystem::path& thread) {
    return read_file(thread / "status").find("TracerPid:\t0\n") == std::string::npos;
}

} // namespace

pid_t thread_named(pid_t process, const std::string& name) {
    pid_t found = -1;
    const bool is_there = eventually([&] {
        for (const auto& thread : threads_of(process))
            if (read_file(thread.path() / "comm") == name + "\n")
                found = std::stoi(thread.path().filename());
        return found != -1;
    });
    if (!is_there)
        throw std::runtime_error("no thread is named " + name);
    return found;
}

injected_fault::injected_fault(pid_t target, const std::string& calls, const std::string& inject, traced what,
                               const std::string& file) {
    std::vector<std::string> argv{"strace", "-qq",
                                  "-o",     "/dev/null",
                                  "-p",     std::to_string(target),
                                  "-e",     "trace=" + calls,
                                  "-e",     "inject=" + inject};
    if (what == traced::process)
        argv.emplace_back("-f");
    if (!file.empty())
        argv.insert(argv.end(), {"-P", file});
    std::vector<char*> arguments;
    for (const std::string& one : argv)
        arguments.push_back(const_cast<char*>(one.c_str()));
    arguments.push_back(nullptr);
    strace_ = ::fork();
    if (strace_ == 0) {
        ::execvp("strace", arguments.data());
        ::_exit(127);
    }
    const bool is_attached = eventually([target, what] {
        return what == traced::thread ? is_traced("/proc/" + std::to_string(target))
                                      : std::ranges::all_of(threads_of(target), is_traced);
    });
    if (!is_attached)
        throw std::runtime_error("strace didn't attach");
}

injected_fault::~injected_fault() {
    ::kill(strace_, SIGTERM);
    int status = 0;
    ::waitpid(strace_, &status, 0);
}

small_disk::small_disk(const std::string& directory, const std::string& size) : directory_(directory) {
    std::filesystem::create_directories(directory);
    if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, ("size=" + size).c_str()) != 0)
        throw std::runtime_error("can't mount a small disk: " + std::string(std::strerror(errno)) +
                                 "; the fault tests run as root");
}

small_disk::~small_disk() {
    ::umount2(directory_.c_str(), MNT_DETACH);
}

void small_disk::fill(std::uint64_t bytes_left) {
    const int file = ::open((directory_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::vector<char> block(4096, 'x');
    while ((bytes_left == 0 || std::filesystem::space(directory_).available > bytes_left) &&
           ::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
}

void small_disk::empty() {
    std::filesystem::remove(directory_ + "/filler");
}

} // namespace outreachd::tests
