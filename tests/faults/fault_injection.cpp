#include "tests/faults/fault_injection.hpp"

#include "tests/integration/daemon_under_test.hpp"

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

bool is_traced(pid_t process) {
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
        const std::string status = read_file(thread.path().string() + "/status");
        if (status.find("TracerPid:\t0\n") != std::string::npos)
            return false;
    }
    return true;
}

} // namespace

injected_fault::injected_fault(pid_t target, const std::string& calls, const std::string& inject) {
    const std::vector<std::string> argv{"strace",
                                        "-f",
                                        "-qq",
                                        "-o",
                                        "/dev/null",
                                        "-p",
                                        std::to_string(target),
                                        "-e",
                                        "trace=" + calls,
                                        "-e",
                                        "inject=" + inject};
    std::vector<char*> arguments;
    for (const std::string& one : argv)
        arguments.push_back(const_cast<char*>(one.c_str()));
    arguments.push_back(nullptr);
    strace_ = ::fork();
    if (strace_ == 0) {
        ::execvp("strace", arguments.data());
        ::_exit(127);
    }
    if (!eventually([target] { return is_traced(target); }))
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

void small_disk::fill() {
    const int file = ::open((directory_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::vector<char> block(4096, 'x');
    while (::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
}

void small_disk::empty() {
    std::filesystem::remove(directory_ + "/filler");
}

} // namespace outreachd::tests
