/// A start that hangs is given up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace outreachd {

/// Ends the process, with status 1 and a line on standard error, where it isn't destroyed within `limit`.
/// Only under systemd (`NOTIFY_SOCKET`), whose own limit (`TimeoutStartSec=`) counts as a crash: it would try
/// again at once, for ever, while senders wait in the socket. A status has it close the socket and try later.
class start_deadline {
public:
    explicit start_deadline(std::chrono::milliseconds limit);
    ~start_deadline();
    start_deadline(const start_deadline&) = delete;
    start_deadline& operator=(const start_deadline&) = delete;

private:
    void wait(std::chrono::milliseconds limit);

    std::mutex mutex_;
    std::condition_variable started_;
    bool is_started_ = false; // guarded by mutex_
    std::thread thread_;
};

} // namespace outreachd
