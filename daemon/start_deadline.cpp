#include "daemon/start_deadline.hpp"

#include "daemon/command_line/exit_code.hpp"
#include "daemon/thread/quiet_thread.hpp"

#include <cstdio>
#include <cstdlib>

namespace outreachd {

start_deadline::start_deadline(std::chrono::milliseconds limit) {
    if (std::getenv("NOTIFY_SOCKET") != nullptr) // NOLINT(concurrency-mt-unsafe): nothing changes it
        thread_ = start_quiet_thread("start deadline", [this, limit] { wait(limit); });
}

start_deadline::~start_deadline() {
    if (!thread_.joinable())
        return;
    {
        const std::lock_guard lock(mutex_);
        is_started_ = true;
    }
    started_.notify_one();
    thread_.join();
}

void start_deadline::wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    if (started_.wait_for(lock, limit, [this] { return is_started_; }))
        return;
    std::fprintf(
        stderr,
        "outreachd: the start isn't done after %lld s and is given up, to be tried again later: the disk "
        "of the store, or of the configuration, its secrets or certificates, doesn't answer\n",
        static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(limit).count()));
    std::fflush(nullptr);
    std::_Exit(command_line::exit_code::failed); // nothing that hangs is waited for
}

} // namespace outreachd
