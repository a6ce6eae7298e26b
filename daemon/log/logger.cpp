/// Hands finished lines to spdlog's queue and thread. No global registry: all is owned here.
#include "daemon/log/logger.hpp"

#include "daemon/log/line.hpp"
#include "daemon/log/patience.hpp"
#include "daemon/log/stderr_sink.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <atomic>
#include <csignal>
#include <cstdlib>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::log {

namespace {

constexpr std::size_t queue_lines_max = 8192;
/// How long the destructor waits for a reader of stderr that doesn't read.
constexpr std::chrono::seconds finish_timeout{2};

bool is_stderr_journal() {
    const char* const named = std::getenv("JOURNAL_STREAM");

    struct stat file {};

    return named != nullptr && ::fstat(STDERR_FILENO, &file) == 0 &&
           is_journal_stream(named, file.st_dev, file.st_ino);
}

/// spdlog's view of `stderr_sink`. Lines come formatted, so there is no pattern to set.
class spdlog_sink final : public spdlog::sinks::sink {
public:
    explicit spdlog_sink(stderr_sink& to) : to_(to) {}

    void log(const spdlog::details::log_msg& message) override {
        to_.write({message.payload.data(), message.payload.size()});
    }

    void flush() override {}

    void set_pattern(const std::string&) override {}

    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

private:
    stderr_sink& to_;
};

/// A thread that takes no signals: those are the main thread's.
std::shared_ptr<spdlog::details::thread_pool> make_thread() {
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::shared_ptr<spdlog::details::thread_pool> made;
    try {
        made = std::make_shared<spdlog::details::thread_pool>(
            queue_lines_max, 1, [] { pthread_setname_np(pthread_self(), "log"); });
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return made;
}

} // namespace

struct logger::implementation {
    implementation(level least, format layout) : minimum(least), style{layout, is_stderr_journal()} {
        // Only memory can fail here; a line less is better than anything thrown at who logs.
        queue->set_error_handler([this](const std::string&) { failed.fetch_add(1); });
        queue->set_level(spdlog::level::trace); // `minimum` decides.
    }

    ~implementation() {
        waits.end_at(std::chrono::steady_clock::now() + finish_timeout);
        thread.reset(); // Writes what waits, then joins.
    }

    implementation(const implementation&) = delete;
    implementation& operator=(const implementation&) = delete;

    std::atomic<level> minimum;
    line_style style;
    std::atomic<std::uint64_t> failed{0};
    patience waits;
    stderr_sink out{STDERR_FILENO, waits};
    /// The pool and the logger are shared with spdlog, which knows the first weakly and the second by
    /// each line that waits.
    std::shared_ptr<spdlog::details::thread_pool> thread = make_thread();
    std::shared_ptr<spdlog::async_logger> queue =
        std::make_shared<spdlog::async_logger>("outreachd", std::make_shared<spdlog_sink>(out), thread,
                                               spdlog::async_overflow_policy::overrun_oldest);
};

logger::logger(level minimum, format layout)
    : implementation_(std::make_unique<implementation>(minimum, layout)) {}

logger::~logger() = default;

void logger::set_level(level minimum) noexcept {
    implementation_->minimum.store(minimum, std::memory_order_relaxed);
}

bool logger::is_enabled(level at) const noexcept {
    return at >= implementation_->minimum.load(std::memory_order_relaxed);
}

std::uint64_t logger::dropped() const noexcept {
    return implementation_->thread->overrun_counter() + implementation_->out.dropped() +
           implementation_->failed.load();
}

void logger::write(level at, std::string_view message, std::initializer_list<field> fields) {
    if (!is_enabled(at))
        return;
    std::string line = format_line(implementation_->style, wall_now(), at, message, fields);
    line += '\n';
    implementation_->queue->log(spdlog::level::info, spdlog::string_view_t{line.data(), line.size()});
}

} // namespace outreachd::log
