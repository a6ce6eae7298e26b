#include "handlers/program_runner.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::handlers {

namespace {

/// What a pipe holds by default: one read empties it.
constexpr std::size_t read_bytes_max = 64UL * 1024;
/// How often a child is looked at that can't be waited for: the kernel has no pidfd, or a sandbox none for
/// us.
constexpr std::chrono::milliseconds look_interval{10};

/// Readable once the process has ended. By its number: glibc 2.36's header of it is of no use to C++, since
/// it doesn't say extern "C".
descriptor watch_end_of(pid_t id) noexcept {
    return descriptor(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
}

/// A child from its start until its main process has ended.
class conversation {
public:
    conversation(child_process& child, std::string_view input, steady_time deadline,
                 std::chrono::milliseconds grace)
        : child_(child), input_(input), end_of_patience_(deadline), grace_(grace),
          end_(watch_end_of(child.id)), buffer_(read_bytes_max) {}

    void hold(program_end& into) {
        do
            lose_patience();
        while (!wait_and_exchange(into));
        // Its end doesn't empty the pipes.
        while (!into.output.is_cut && collect(child_.output, into.output) > 0) {
        }
        while (!into.errors.is_cut && collect(child_.errors, into.errors) > 0) {
        }
        into.was_killed = stage_ == stage::killed;
    }

    bool has_timed_out() const noexcept { return stage_ != stage::waiting; }

private:
    enum class stage { waiting, asked, killed };

    /// True once the main process has ended.
    bool wait_and_exchange(program_end& into) {
        pollfd watched[] = {{end_.number(), POLLIN, 0},
                            {child_.input.number(), POLLOUT, 0},
                            {child_.output.number(), POLLIN, 0},
                            {child_.errors.number(), POLLIN, 0}};
        // A failure, EINTR for one, has nothing to report; then the next round sees what there is.
        if (::poll(watched, std::size(watched), milliseconds_to_wait()) < 0)
            return false;
        if (end_.is_open() ? watched[0].revents != 0 : has_ended())
            return true;
        if (watched[1].revents != 0)
            feed();
        if (watched[2].revents != 0)
            collect(child_.output, into.output);
        if (watched[3].revents != 0)
            collect(child_.errors, into.errors);
        return false;
    }

    /// Leaves the child to be waited for.
    bool has_ended() const noexcept {
        siginfo_t about{};
        const int result = ::waitid(P_PID, static_cast<id_t>(child_.id), &about, WEXITED | WNOHANG | WNOWAIT);
        return result != 0 || about.si_pid != 0;
    }

    int milliseconds_to_wait() const noexcept {
        if (stage_ == stage::killed)
            return end_.is_open() ? -1 : static_cast<int>(look_interval.count());
        // No single wait is longer than an hour: a timeout of years is more than an int holds.
        const auto left = std::clamp<std::chrono::nanoseconds>(
            end_of_patience_ - std::chrono::steady_clock::now(), std::chrono::nanoseconds{0},
            end_.is_open() ? std::chrono::milliseconds{std::chrono::hours{1}} : look_interval);
        return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
    }

    void lose_patience() noexcept {
        if (stage_ == stage::killed || std::chrono::steady_clock::now() < end_of_patience_)
            return;
        if (stage_ == stage::asked) {
            ::kill(-child_.id, SIGKILL);
            stage_ = stage::killed;
            return;
        }
        if (has_ended())
            return; // in time, and the next look sees it
        ::kill(-child_.id, SIGTERM);
        // One that is stopped would not hear of it.
        ::kill(-child_.id, SIGCONT);
        stage_ = stage::asked;
        end_of_patience_ = std::chrono::steady_clock::now() + grace_;
    }

    /// Closes the program's stdin behind the last byte, or when the program has closed it.
    void feed() {
        const ssize_t written = ::write(child_.input.number(), input_.data(), input_.size());
        if (written > 0)
            input_.remove_prefix(static_cast<std::size_t>(written));
        else if (written < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (written < 0 || input_.empty())
            child_.input.close();
    }

    /// One read. 0 where there is nothing now, or never again.
    std::size_t collect(descriptor& from, kept_output& into) {
        if (!from.is_open())
            return 0;
        const ssize_t got = ::read(from.number(), buffer_.data(), buffer_.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (got <= 0) {
            from.close();
            return 0;
        }
        const auto bytes = static_cast<std::size_t>(got);
        const std::size_t kept = std::min(bytes, kept_output_bytes_max - into.bytes.size());
        into.bytes.append(buffer_.data(), kept);
        into.is_cut = into.is_cut || kept < bytes;
        return bytes;
    }

    child_process& child_;
    std::string_view input_;
    steady_time end_of_patience_;
    const std::chrono::milliseconds grace_;
    const descriptor end_; ///< Readable once the main process has ended.
    std::vector<char> buffer_;
    stage stage_ = stage::waiting;
};

} // namespace

/// Makes a child known to `kill_all` from its start until it is reaped.
class program_runner::registration {
public:
    registration(program_runner& with, pid_t id) : with_(with), id_(id) {
        const std::lock_guard lock(with_.mutex_);
        with_.running_.insert(id_);
        if (with_.is_over_)
            ::kill(-id_, SIGKILL);
    }

    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;

    /// Where `finish` wasn't reached, the program is of no use to anybody.
    ~registration() {
        if (id_ >= 0)
            finish();
    }

    /// Kills what is left of the group and gives the main process's status, or an errno. While it isn't
    /// reaped its number is no other group's.
    struct status {
        int error = 0;
        int value = 0;
    };

    status finish() noexcept {
        status found;
        ::kill(-id_, SIGKILL);
        // It has ended, or is about to. Only this child: others have theirs.
        siginfo_t about{};
        while (::waitid(P_PID, static_cast<id_t>(id_), &about, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
        }
        const std::lock_guard lock(with_.mutex_);
        if (::waitpid(id_, &found.value, 0) != id_)
            found.error = errno;
        with_.running_.erase(id_);
        id_ = -1;
        return found;
    }

private:
    program_runner& with_;
    pid_t id_;
};

program_end program_runner::run(const program& what, steady_time deadline) {
    program_end ended;
    child_process child = start_child(what);
    if (child.error != 0) {
        ended.code = child.error;
        return ended;
    }
    registration known(*this, child.id);
    conversation talk(child, what.input, deadline, grace_);
    talk.hold(ended);
    const auto status = known.finish();
    if (talk.has_timed_out())
        ended.how = program_end::kind::timed_out;
    else if (status.error != 0) {
        ended.how = program_end::kind::lost;
        ended.code = status.error;
    } else if (WIFEXITED(status.value)) {
        ended.how = program_end::kind::exited;
        ended.code = WEXITSTATUS(status.value);
    } else {
        ended.how = program_end::kind::signalled;
        ended.code = WTERMSIG(status.value);
    }
    return ended;
}

void program_runner::kill_all() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    for (const pid_t id : running_)
        ::kill(-id, SIGKILL);
}

} // namespace outreachd::handlers
