#include "tests/servers/guarded_directory.hpp"

#include "tests/servers/server_process.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::test_servers {

namespace {

struct pipe_ends {
    handlers::descriptor read;
    handlers::descriptor write;
};

pipe_ends make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "the test can't make a pipe");
    return {handlers::descriptor(ends[0]), handlers::descriptor(ends[1])};
}

/// What comes up to the end of the line, or of all.
std::string read_line(int from) {
    std::string line;
    char letter = 0;
    while (true) {
        const ssize_t got = ::read(from, &letter, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || letter == '\n')
            return line;
        line += letter;
    }
}

} // namespace

guarded_directory::guarded_directory() {
    pipe_ends input = make_pipe();
    pipe_ends output = make_pipe();
    std::vector<std::string> environment;
    for (const char* const name : {"PATH", "TMPDIR"})
        if (const char* const value = std::getenv(name))
            environment.push_back(std::string(name) + "=" + value);
    // setsid's own process ends at once, and the guard is nobody's child any more.
    server_process setsid({.arguments = {"setsid", "--fork", OUTREACHD_TEST_SERVERS "/guard"},
                           .environment = environment,
                           .input = input.read.number(),
                           .output = output.write.number()});
    setsid.wait();
    output.write.close();
    lifeline_ = std::move(input.write);
    answers_ = std::move(output.read);
    path_ = read_line(answers_.number());
    if (!path_.starts_with('/'))
        throw std::runtime_error("tests/servers/guard made no directory: " + path_);
}

guarded_directory::~guarded_directory() {
    lifeline_.close();
    read_line(answers_.number());
}

} // namespace outreachd::test_servers
