#include "daemon/io_threads.hpp"

#include "daemon/asio/usable_cores.hpp"
#include "daemon/event/timestamp.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include <pthread.h>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

/// So long a thread waits for work before it shows that it lives.
constexpr auto idle_max = 1s;

/// When a thread last came back from a handler, or from waiting in vain. Each in a cache line of its own,
/// since it is written with every handler.
struct alignas(64) sign_of_life {
    std::atomic<std::int64_t> at_ms = 0;
};

} // namespace

struct io_threads::implementation {
    implementation(log::logger& to, std::chrono::milliseconds silence) : log(to), silence_max(silence) {}

    /// One handler at a time: which thread hangs in one can't be seen from outside `run`, and what is posted
    /// is done by any other.
    void run(sign_of_life& own) noexcept {
        pthread_setname_np(pthread_self(), "io");
        while (!context.stopped()) {
            try {
                own.at_ms.store(steady_ms(), std::memory_order_relaxed);
                context.run_one_for(idle_max);
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

    log::logger& log;
    const std::chrono::milliseconds silence_max;
    int count = static_cast<int>(usable_cores());
    boost::asio::io_context context{count};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = make_work_guard(context);
    std::vector<sign_of_life> lives{static_cast<std::size_t>(count)};
    std::vector<std::thread> threads;
};

io_threads::io_threads(log::logger& log, std::chrono::milliseconds silence_max)
    : implementation_(std::make_unique<implementation>(log, silence_max)) {}

io_threads::~io_threads() {
    stop();
}

boost::asio::io_context& io_threads::context() noexcept {
    return implementation_->context;
}

void io_threads::start() {
    for (sign_of_life& each : implementation_->lives)
        each.at_ms = steady_ms();
    for (sign_of_life& each : implementation_->lives)
        implementation_->threads.emplace_back([this, &each] { implementation_->run(each); });
}

void io_threads::stop() {
    implementation_->work.reset();
    implementation_->context.stop();
    for (std::thread& one : implementation_->threads)
        one.join();
    implementation_->threads.clear();
}

bool io_threads::is_live() const noexcept {
    const std::int64_t now = steady_ms();
    return std::ranges::all_of(implementation_->lives, [&](const sign_of_life& each) {
        const auto at = each.at_ms.load(std::memory_order_relaxed);
        return std::chrono::milliseconds{now - at} < implementation_->silence_max;
    });
}

} // namespace outreachd
