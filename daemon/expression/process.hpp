/// One process that runs programs, seen from the daemon.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/expression/frame.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <sys/types.h>

namespace outreachd::expression {

/// How a process came to its end.
struct process_end {
    enum class cause {
        fault,   ///< By what it ran.
        late,    ///< What it ran took too long, and it was killed.
        starved, ///< The same, but it had hardly any processor time.
        outside, ///< It was killed, or left, for a reason that lies outside of what it ran.
    };

    cause why = cause::fault;
    std::string text; ///< For the operator: `needs more than 256 MiB of memory`.
};

/// This same program, begun again, at the other end of a socket. One thread at a time.
class process {
public:
    using time_point = std::chrono::steady_clock::time_point;

    struct message {
        frame_kind kind{};
        std::vector<std::string> texts;
    };

    /// Nothing, with `ec` set, where it can't be begun. Takes a millisecond or so; the process then needs
    /// some more until it is ready.
    static std::unique_ptr<process> begin(const limits& bounds, std::error_code& ec);
    /// Kills it, where it is still there, and reaps it.
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    /// False where it has ended, as one does that was killed while nobody needed it.
    bool is_there() const noexcept;

    /// False where the process has ended, or was ended because it didn't read by then; see `end`.
    bool send(frame_kind kind, std::span<const std::string_view> texts, time_point deadline);

    /// What it says next; nothing where it has ended, or was ended because it didn't say it by then; see
    /// `end`. What has been said already is taken also after the deadline.
    std::optional<message> receive(time_point deadline);

    /// Once it has ended.
    const process_end& end() const noexcept { return end_; }

private:
    enum class event { ready, late, gone };
    enum class ending { by_itself, late, unwanted };

    process(const limits& bounds, int socket) : bounds_(bounds), socket_(socket) {}

    event wait_for(short what, time_point deadline) const;
    bool send_bytes(std::string_view bytes, time_point deadline);
    std::optional<message> take_message();
    void finish(ending how);
    process_end judge(int status) const;
    process_end judge_late(std::uint64_t cpu_us) const;

    const limits bounds_;
    int socket_;
    pid_t pid_ = -1;
    std::string received_;
    std::uint64_t cpu_us_ = 0; ///< As it last told.
    bool has_spoken_ = false;  ///< It has come as far as our own code.
    bool is_out_of_memory_ = false;
    bool is_broken_ = false; ///< It said what no process of ours says.
    process_end end_;
};

/// `256 MiB`, `1 s`: for messages.
std::string memory_text(std::uint64_t bytes);
std::string time_text(std::chrono::milliseconds time);

} // namespace outreachd::expression
