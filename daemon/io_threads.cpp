#include "daemon/io_threads.hpp"

#include "daemon/asio/usable_cores.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include <pthread.h>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

constexpr auto beat_interval = 1s;
constexpr auto silence_max = 10s;

std::int64_t steady_ms() noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace

struct io_threads::implementation {
    explicit implementation(log::logger& to) : log(to) {}

    void run() noexcept {
        pthread_setname_np(pthread_self(), "io");
        for (;;) {
            try {
                context.run();
                return;
            } catch (const std::exception& failed) { // Want of memory, say, in a handler of Asio's own.
                report(failed);
            }
        }
    }

    void report(const std::exception& failed) noexcept {
        try {
            log.error("an I/O thread goes on after an exception", {{"cause", failed.what()}});
        } catch (const std::exception&) {
            return; // No memory for the line either; the connections that go on matter more.
        }
    }

    void beat() {
        last_beat_ms = steady_ms();
        heart.expires_after(beat_interval);
        heart.async_wait([this](const boost::system::error_code& ec) {
            if (!ec)
                beat();
        });
    }

    log::logger& log;
    int count = static_cast<int>(usable_cores());
    boost::asio::io_context context{count};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = make_work_guard(context);
    boost::asio::steady_timer heart{context};
    std::atomic<std::int64_t> last_beat_ms = 0;
    std::vector<std::thread> threads;
};

io_threads::io_threads(log::logger& log) : implementation_(std::make_unique<implementation>(log)) {}

io_threads::~io_threads() {
    stop();
}

boost::asio::io_context& io_threads::context() noexcept {
    return implementation_->context;
}

void io_threads::start() {
    implementation_->beat();
    for (int i = 0; i < implementation_->count; ++i)
        implementation_->threads.emplace_back([this] { implementation_->run(); });
}

void io_threads::stop() {
    implementation_->work.reset();
    implementation_->context.stop();
    for (std::thread& one : implementation_->threads)
        one.join();
    implementation_->threads.clear();
}

bool io_threads::is_live() const noexcept {
    return std::chrono::milliseconds{steady_ms() - implementation_->last_beat_ms} < silence_max;
}

} // namespace outreachd
