#include "daemon/expression/process.hpp"

#include "daemon/expression/child.hpp"
#include "daemon/expression/processor_time.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::expression {

namespace {

/// Of what was read from a process.
constexpr std::size_t kept_bytes_max = 256UL * 1024;

/// Beside the results themselves: lengths, messages.
constexpr std::uint64_t frame_bytes_beside = 1024ULL * 1024;

/// What posix_spawn does in the new process, before it is the new program.
class spawn_plan {
public:
    explicit spawn_plan(int socket) {
        note(::posix_spawn_file_actions_init(&files_));
        note(::posix_spawnattr_init(&attributes_));
        // The socket is its input; nothing else of ours is open there.
        note(::posix_spawn_file_actions_adddup2(&files_, socket, 0));
        note(::posix_spawn_file_actions_addopen(&files_, 1, "/dev/null", O_WRONLY, 0));
        note(::posix_spawn_file_actions_addopen(&files_, 2, "/dev/null", O_WRONLY, 0));
        note(::posix_spawn_file_actions_addclosefrom_np(&files_, 3));
        // A ^C and a stop of the service reach it as well as the daemon, which still needs it: it doesn't
        // hear them, and ends when the daemon hangs up.
        sigset_t unheard;
        sigset_t all;
        ::sigemptyset(&unheard);
        for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
            ::sigaddset(&unheard, one);
        ::sigfillset(&all);
        note(::posix_spawnattr_setsigmask(&attributes_, &unheard));
        note(::posix_spawnattr_setsigdefault(&attributes_, &all));
        note(::posix_spawnattr_setflags(&attributes_,
                                        POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID));
    }

    ~spawn_plan() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;

    /// 0, or why not (errno's numbers).
    int begin(pid_t& made, std::span<const std::string> arguments, std::span<const std::string> environment) {
        std::vector<char*> argv = pointers_to(arguments);
        std::vector<char*> envp = pointers_to(environment);
        // By this name it is the program that runs, whatever has become of its file.
        if (error_ == 0)
            note(::posix_spawn(&made, "/proc/self/exe", &files_, &attributes_, argv.data(), envp.data()));
        return error_;
    }

private:
    void note(int error) {
        if (error_ == 0)
            error_ = error;
    }

    static std::vector<char*> pointers_to(std::span<const std::string> texts) {
        std::vector<char*> pointers;
        for (const std::string& one : texts)
            pointers.push_back(const_cast<char*>(one.c_str())); // which exec doesn't write to
        pointers.push_back(nullptr);
        return pointers;
    }

    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
    int error_ = 0;
};

std::vector<std::string> environment_of(const limits& bounds) {
#ifdef OUTREACHD_SANITIZED
    // A sanitizer's shadow doesn't fit into a limit on address space; it has a limit of its own.
    const std::string options =
        "hard_rss_limit_mb=" + std::to_string(bounds.memory_bytes / (1024 * 1024) + 128) + ":handle_abort=0";
    return {"ASAN_OPTIONS=" + options, "TSAN_OPTIONS=" + options};
#else
    (void)bounds;
    return {};
#endif
}

} // namespace

std::unique_ptr<process> process::begin(const limits& bounds, std::error_code& ec) {
    assert(is_ready_for_children());
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        ec.assign(errno, std::generic_category());
        return nullptr;
    }
    std::unique_ptr<process> begun{new process{bounds, ends[0]}};
    ::fcntl(begun->socket_, F_SETFL, O_NONBLOCK);
    pid_t made = -1;
    const int error = spawn_plan{ends[1]}.begin(made, child_arguments(bounds), environment_of(bounds));
    ::close(ends[1]);
    ec.assign(error, std::generic_category());
    if (error != 0)
        return nullptr;
    begun->pid_ = made;
    return begun;
}

process::~process() {
    if (pid_ > 0)
        finish(ending::unwanted);
    if (socket_ >= 0)
        ::close(socket_);
}

bool process::is_there() const noexcept {
    pollfd one{socket_, POLLIN, 0};
    // Between requests it has nothing to say: what can be read is its end.
    return pid_ > 0 && received_.empty() && ::poll(&one, 1, 0) == 0;
}

process::event process::wait_for(short what, time_point deadline) const {
    using namespace std::chrono;
    for (;;) {
        const auto left = ceil<milliseconds>(deadline - steady_clock::now()).count();
        pollfd one{socket_, what, 0};
        const int ready = ::poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
        if (ready > 0)
            return event::ready;
        if (ready < 0 && errno != EINTR)
            return event::gone;
        if (ready == 0 && left <= 0)
            return event::late;
    }
}

bool process::send(frame_kind kind, std::span<const std::string_view> texts, time_point deadline) {
    if (!send_bytes(frame_begin(kind, texts), deadline))
        return false;
    return std::all_of(texts.begin(), texts.end(),
                       [&](std::string_view text) { return send_bytes(text, deadline); });
}

/// The process reads a whole request before it says anything, so that both can't wait for each other.
bool process::send_bytes(std::string_view bytes, time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        const bool is_full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        const event next = is_full ? wait_for(POLLOUT, deadline) : event::gone;
        if (next != event::ready) {
            // What it said before it ended, as that it is out of memory, is its reason.
            if (next == event::gone)
                receive(deadline);
            if (pid_ > 0)
                finish(next == event::late ? ending::late : ending::by_itself);
            return false;
        }
    }
    return true;
}

std::optional<process::message> process::receive(time_point deadline) {
    while (pid_ > 0) {
        if (auto whole = take_message()) {
            if (whole->kind != frame_kind::out_of_memory)
                return whole;
            is_out_of_memory_ = true;
            finish(ending::by_itself);
            break;
        }
        if (is_broken_) {
            finish(ending::unwanted);
            break;
        }
        char chunk[64 * 1024];
        const ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
        if (count > 0) {
            received_.append(chunk, static_cast<std::size_t>(count));
            continue;
        }
        if (count < 0 && errno == EINTR)
            continue;
        const bool is_empty = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        const event next = is_empty ? wait_for(POLLIN, deadline) : event::gone;
        if (next != event::ready)
            finish(next == event::late ? ending::late : ending::by_itself);
    }
    return std::nullopt;
}

std::optional<process::message> process::take_message() {
    if (received_.size() < sizeof(frame_head))
        return std::nullopt;
    const std::string_view all = received_;
    const auto head =
        read_frame_head(all.substr(0, sizeof(frame_head)), bounds_.result_bytes + frame_bytes_beside);
    is_broken_ = !head;
    if (!head || all.size() - sizeof(frame_head) < head->bytes)
        return std::nullopt;
    const auto texts = read_frame_texts(*head, all.substr(sizeof(frame_head), head->bytes));
    is_broken_ = !texts;
    if (!texts)
        return std::nullopt;
    cpu_us_ = head->cpu_us;
    has_spoken_ = true;
    message taken{head->kind, {texts->begin(), texts->end()}};
    received_.erase(0, sizeof(frame_head) + head->bytes);
    // One large answer mustn't cost its size for ever after.
    if (received_.empty() && received_.capacity() > kept_bytes_max)
        std::string{}.swap(received_);
    return taken;
}

/// Afterwards it is gone. Where it hung up by itself it is ending, since it never closes the socket
/// before: then its own end counts, and it isn't killed.
void process::finish(ending how) {
    if (how != ending::by_itself)
        ::kill(pid_, SIGKILL);
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
    }
    ::close(socket_);
    socket_ = -1;
    pid_ = -1;
    if (how == ending::late)
        end_ = judge_late(processor_time_us(used) - std::min(cpu_us_, processor_time_us(used)));
    else
        end_ = judge(status);
}

process_end process::judge_late(std::uint64_t cpu_us) const {
    // One that had not a quarter of its time on a processor may be as good as any: the machine was busy.
    const auto limit_us = std::chrono::microseconds{bounds_.time}.count();
    if (cpu_us * 4 < static_cast<std::uint64_t>(limit_us))
        return {process_end::cause::starved,
                "had little processor time for " + time_text(bounds_.time) + ": the machine is busy"};
    return {process_end::cause::late, "takes longer than " + time_text(bounds_.time)};
}

process_end process::judge(int status) const {
    using cause = process_end::cause;
    if (is_out_of_memory_)
        return {cause::fault, "needs more than " + memory_text(bounds_.memory_bytes) + " of memory"};
    if (is_broken_)
        return {cause::outside, "said what is no answer"};
    const bool has_its_own_words = (WIFEXITED(status) && WEXITSTATUS(status) == unlimited_status) ||
                                   (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    if (!has_spoken_ && !has_its_own_words)
        return {cause::outside, "couldn't begin its process: a library can't be loaded, or memory or open "
                                "files are short"};
    if (WIFEXITED(status)) {
        const int code = WEXITSTATUS(status);
        if (code == unlimited_status)
            return {cause::outside, "can't have its memory limited: the system call prlimit64 is refused"};
        return {code == 0 ? cause::outside : cause::fault, "ended with status " + std::to_string(code)};
    }
    const std::string signal = " (signal " + std::to_string(WTERMSIG(status)) + ")";
    switch (WTERMSIG(status)) {
    case SIGALRM:
        // By its own timer, which runs out a second after we would have ended it.
        return {cause::starved, "was given up: the daemon stood still for more than a second"};
    case SIGSEGV:
    case SIGBUS:
        return {cause::fault, "nests too deep for jq, and ended its process" + signal};
    case SIGABRT:
        return {cause::fault, "met a fault of jq, which ended its process" + signal};
    case SIGKILL:
        return {cause::outside, "lost its process, which was killed" + signal +
                                    "; the kernel does that where the machine is out of memory"};
    default:
        return {cause::fault, "ended its process" + signal};
    }
}

std::string memory_text(std::uint64_t bytes) {
    return std::to_string(bytes / (1024 * 1024)) + " MiB";
}

std::string time_text(std::chrono::milliseconds time) {
    const auto milliseconds = time.count();
    return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                    : std::to_string(milliseconds) + " ms";
}

} // namespace outreachd::expression
