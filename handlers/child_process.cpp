#include "handlers/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <new>

#include <fcntl.h>
#include <spawn.h>

namespace outreachd::handlers {

namespace {

/// A pipe, the child's end of which blocks, as programs expect it, and ours doesn't.
struct pipe_ends {
    descriptor read;
    descriptor write;
};

/// Not one of 0, 1 and 2, which the daemon may have been started without: put in place there, one pipe
/// would close another.
int above_standard(descriptor& end) noexcept {
    if (end.number() > STDERR_FILENO)
        return 0;
    const int moved = ::fcntl(end.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0)
        return errno;
    end = descriptor(moved);
    return 0;
}

int open_pipe(pipe_ends& into, descriptor pipe_ends::*ours) noexcept {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    into.read = descriptor(ends[0]);
    into.write = descriptor(ends[1]);
    for (descriptor* end : {&into.read, &into.write})
        if (const int error = above_standard(*end))
            return error;
    return ::fcntl((into.*ours).number(), F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

/// What the child does before it becomes the program.
class spawn_plan {
public:
    spawn_plan() {
        // Both fail for want of memory only.
        if (::posix_spawn_file_actions_init(&actions_) != 0)
            throw std::bad_alloc();
        if (::posix_spawnattr_init(&attributes_) != 0) {
            ::posix_spawn_file_actions_destroy(&actions_);
            throw std::bad_alloc();
        }
    }

    ~spawn_plan() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }

    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;

    void set_signals_and_session() {
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        check(::posix_spawnattr_setsigdefault(&attributes_, &all));
        check(::posix_spawnattr_setsigmask(&attributes_, &none));
        check(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSID));
    }

    /// Without an input the child reads /dev/null.
    void set_descriptors(const descriptor& input, const descriptor& output, const descriptor& errors) {
        if (input.is_open())
            check(::posix_spawn_file_actions_adddup2(&actions_, input.number(), STDIN_FILENO));
        else
            check(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
        check(::posix_spawn_file_actions_adddup2(&actions_, output.number(), STDOUT_FILENO));
        check(::posix_spawn_file_actions_adddup2(&actions_, errors.number(), STDERR_FILENO));
        check(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
    }

    void set_directory(const std::string& path) {
        check(::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()));
    }

    int spawn(pid_t& id, const program& what) const {
        const auto arguments = pointers_to(what.arguments);
        const auto environment = pointers_to(what.environment);
        return ::posix_spawn(&id, what.path.c_str(), &actions_, &attributes_, arguments.data(),
                             environment.data());
    }

private:
    static void check(int error) {
        if (error != 0)
            throw std::bad_alloc();
    }

    /// execve(2) takes what it doesn't change as if it could.
    static std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
        std::vector<char*> pointers;
        pointers.reserve(texts.size() + 1);
        for (const std::string& text : texts)
            pointers.push_back(const_cast<char*>(text.c_str()));
        pointers.push_back(nullptr);
        return pointers;
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

} // namespace

child_process start_child(const program& what) {
    child_process child;
    pipe_ends input;
    pipe_ends output;
    pipe_ends errors;
    if (!what.input.empty())
        child.error = open_pipe(input, &pipe_ends::write);
    if (child.error == 0)
        child.error = open_pipe(output, &pipe_ends::read);
    if (child.error == 0)
        child.error = open_pipe(errors, &pipe_ends::read);
    if (child.error != 0)
        return child;

    spawn_plan plan;
    plan.set_signals_and_session();
    plan.set_descriptors(input.read, output.write, errors.write);
    if (!what.directory.empty())
        plan.set_directory(what.directory);
    child.error = plan.spawn(child.id, what);
    child.input = std::move(input.write);
    child.output = std::move(output.read);
    child.errors = std::move(errors.read);
    return child;
}

} // namespace outreachd::handlers
