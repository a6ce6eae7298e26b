#include "tests/servers/server_process.hpp"

#include "handlers/descriptor.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::test_servers {

namespace {

using std::chrono::steady_clock;

void check(int error, const std::string& what = "a program") {
    if (error != 0)
        throw std::system_error(error, std::generic_category(), "the test can't run " + what);
}

/// What the new process does before it becomes the program.
class spawn_plan {
public:
    spawn_plan() {
        check(::posix_spawn_file_actions_init(&actions_));
        check(::posix_spawnattr_init(&attributes_));
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        check(::posix_spawnattr_setsigdefault(&attributes_, &all));
        check(::posix_spawnattr_setsigmask(&attributes_, &none));
        check(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSID));
    }

    ~spawn_plan() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }

    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;

    void set_standard(int number, int given) {
        if (given >= 0)
            check(::posix_spawn_file_actions_adddup2(&actions_, given, number));
        else
            check(::posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDWR, 0));
    }

    /// A server that kept a pipe or a lock of the test's caller open would hang that one.
    void close_others() { check(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1)); }

    void set_directory(const std::string& path) {
        check(::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()));
    }

    pid_t spawn(const std::vector<std::string>& arguments,
                const std::vector<std::string>& environment) const {
        pid_t made = -1;
        const auto argument_pointers = pointers_to(arguments);
        const auto environment_pointers = pointers_to(environment);
        const std::string& name = arguments.front();
        check(::posix_spawnp(&made, name.c_str(), &actions_, &attributes_, argument_pointers.data(),
                             environment_pointers.data()),
              name);
        return made;
    }

private:
    /// execve(2) takes what it doesn't change as if it could.
    static std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
        std::vector<char*> pointers;
        for (const std::string& text : texts)
            pointers.push_back(const_cast<char*>(text.c_str()));
        pointers.push_back(nullptr);
        return pointers;
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

pid_t spawn(const server_program& what) {
    spawn_plan plan;
    plan.set_standard(STDIN_FILENO, what.input);
    plan.set_standard(STDOUT_FILENO, what.output);
    plan.set_standard(STDERR_FILENO, what.output);
    plan.close_others();
    plan.set_directory(what.directory);
    return plan.spawn(what.arguments, what.environment);
}

/// A file without a name.
handlers::descriptor make_file() {
    handlers::descriptor made{::memfd_create("program", MFD_CLOEXEC)};
    check(made.is_open() ? 0 : errno);
    return made;
}

} // namespace

server_process::server_process(const server_program& what) : id_(spawn(what)) {}

server_process::~server_process() {
    kill();
}

bool server_process::is_running() {
    return !collect(WNOHANG);
}

void server_process::kill() {
    if (is_over_)
        return;
    ::kill(id_, SIGKILL);
    collect(0);
}

bool server_process::terminate(std::chrono::milliseconds limit) {
    if (is_over_)
        return true;
    ::kill(id_, SIGTERM);
    thaw();
    const auto give_up_at = steady_clock::now() + limit;
    while (!collect(WNOHANG)) {
        if (steady_clock::now() > give_up_at)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

void server_process::freeze() {
    if (is_over_)
        return;
    ::kill(id_, SIGSTOP);
    collect(WUNTRACED);
}

void server_process::thaw() {
    if (!is_over_)
        ::kill(id_, SIGCONT);
}

int server_process::wait() {
    collect(0);
    return exit_code_;
}

/// Whether it is over.
bool server_process::collect(int options) {
    int status = 0;
    pid_t found = 0;
    while (!is_over_ && (found = ::waitpid(id_, &status, options)) < 0 && errno == EINTR)
        ;
    if (!is_over_ && found != 0 && !(found > 0 && WIFSTOPPED(status))) {
        is_over_ = true;
        exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return is_over_;
}

program_result run_to_end(server_program what, std::string_view input) {
    const handlers::descriptor given = make_file();
    const handlers::descriptor taken = make_file();
    check(::pwrite(given.number(), input.data(), input.size(), 0) == static_cast<ssize_t>(input.size())
              ? 0
              : EIO);
    what.input = given.number();
    what.output = taken.number();
    program_result result{.exit_code = server_process(what).wait()};
    std::array<char, 65536> piece{};
    for (ssize_t got = 0; (got = ::pread(taken.number(), piece.data(), piece.size(),
                                         static_cast<off_t>(result.output.size()))) > 0;)
        result.output.append(piece.data(), static_cast<std::size_t>(got));
    return result;
}

} // namespace outreachd::test_servers
