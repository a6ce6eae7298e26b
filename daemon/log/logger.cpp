/// Hands finished lines, or entries of the journal, to spdlog's queue and thread. No global registry: all is
/// owned here.
#include "daemon/log/logger.hpp"

#include "daemon/log/journal_entry.hpp"
#include "daemon/log/journal_sink.hpp"
#include "daemon/log/line.hpp"
#include "daemon/log/patience.hpp"
#include "daemon/log/stderr_sink.hpp"
#include "daemon/thread/quiet_thread.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <semaphore>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::log {

namespace {

constexpr std::size_t queue_lines_max = 8192;
/// How long the destructor, and `finish`, wait for a reader, of stderr or the journal's socket, that doesn't
/// read.
constexpr std::chrono::seconds finish_timeout{2};

bool is_stderr_journal() {
    const char* const named = std::getenv("JOURNAL_STREAM");

    struct stat file {};

    return named != nullptr && ::fstat(STDERR_FILENO, &file) == 0 &&
           is_journal_stream(named, file.st_dev, file.st_ino);
}

/// The log's thread has come to where `finish` was called.
using reached = std::counting_semaphore<>;

/// Where the log's thread, and no other, puts what comes. That is formatted already: there is no pattern to
/// set.
class finished_sink : public spdlog::sinks::sink {
public:
    explicit finished_sink(reached& end) : end_(end) {}

    void flush() final { end_.release(); }

    void set_pattern(const std::string&) final {}

    void set_formatter(std::unique_ptr<spdlog::formatter>) final {}

private:
    reached& end_;
};

/// What comes are lines.
class line_sink final : public finished_sink {
public:
    line_sink(reached& end, stderr_sink& to) : finished_sink(end), to_(to) {}

    void log(const spdlog::details::log_msg& message) override {
        to_.write({message.payload.data(), message.payload.size()});
    }

private:
    stderr_sink& to_;
};

/// What comes are entries of the journal. A line is made only of one that the journal doesn't get.
class entry_sink final : public finished_sink {
public:
    entry_sink(reached& end, journal_sink& to, stderr_sink& otherwise, format layout)
        : finished_sink(end), to_(to), otherwise_(otherwise), layout_(layout) {}

    void log(const spdlog::details::log_msg& message) override {
        const std::string_view entry{message.payload.data(), message.payload.size()};
        const std::error_code error = to_.send(entry);
        if (!error) {
            is_refused_ = false;
            return;
        }
        // At the process's end, where nobody reads, there is nobody to tell it either.
        if (!is_refused_ && error != std::errc::timed_out) {
            is_refused_ = true;
            tell(error);
        }
        otherwise_.write(line_of_entry(entry));
    }

private:
    void tell(const std::error_code& error) {
        const std::string why = error.message();
        const field cause{"cause", why};
        otherwise_.write(line_of_entry(
            format_entry(layout_, wall_now(), level::warn,
                         "the journal takes no entries: lines go by stderr, without fields", {&cause, 1})));
    }

    journal_sink& to_;
    stderr_sink& otherwise_;
    const format layout_;
    bool is_refused_ = false; ///< The last entry was. It is told when that begins.
};

std::shared_ptr<spdlog::details::thread_pool> make_thread() {
    const without_signals meanwhile;
    return std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1,
                                                          [] { pthread_setname_np(pthread_self(), "log"); });
}

} // namespace

struct logger::implementation {
    implementation(level least, format layout, std::string journal_socket)
        : minimum(least), style{layout, is_stderr_journal()}, journal(std::move(journal_socket), waits) {
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

    std::shared_ptr<spdlog::sinks::sink> make_sink() {
        if (style.is_journal)
            return std::make_shared<entry_sink>(end, journal, out, style.layout);
        return std::make_shared<line_sink>(end, out);
    }

    std::atomic<level> minimum;
    const line_style style;
    std::atomic<std::uint64_t> failed{0};
    patience waits;
    reached end{0};
    stderr_sink out{STDERR_FILENO, waits};
    journal_sink journal; ///< Unused where stderr isn't the journal.
    /// The pool and the logger are shared with spdlog, which knows the first weakly and the second by
    /// each line that waits.
    std::shared_ptr<spdlog::details::thread_pool> thread = make_thread();
    std::shared_ptr<spdlog::async_logger> queue = std::make_shared<spdlog::async_logger>(
        "outreachd", make_sink(), thread, spdlog::async_overflow_policy::overrun_oldest);
};

logger::logger(level minimum, format layout, std::string journal_socket)
    : implementation_(std::make_unique<implementation>(minimum, layout, std::move(journal_socket))) {}

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

void logger::finish() {
    implementation_->waits.end_at(std::chrono::steady_clock::now() + finish_timeout);
    implementation_->queue->flush();
    // The bound is for a line that the thread has in hand, and for a queue that ran over.
    implementation_->end.try_acquire_for(finish_timeout + std::chrono::milliseconds{500});
}

void logger::write(level at, std::string_view message, std::initializer_list<field> fields) {
    if (!is_enabled(at))
        return;
    const line_style style = implementation_->style;
    std::string text;
    if (style.is_journal) {
        text = format_entry(style.layout, wall_now(), at, message, fields);
    } else {
        text = format_line(style, wall_now(), at, message, fields);
        text += '\n';
    }
    implementation_->queue->log(spdlog::level::info, spdlog::string_view_t{text.data(), text.size()});
}

} // namespace outreachd::log
