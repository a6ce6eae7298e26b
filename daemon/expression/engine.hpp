/// Runs jq programs (config/reference.md, expressions) in processes of their own.
///
/// libjq can neither be interrupted nor survive want of memory: both end the process it runs in. So it
/// runs in children of the daemon, which are killed when a program takes too long and replaced when they
/// end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::expression {

/// What a program sees.
struct view {
    std::string_view body;     ///< `.`: the webhook's body; null where it isn't JSON.
    std::string event = "{}";  ///< `$event`: a JSON object.
    std::string steps = "{}";  ///< `$steps`: a JSON object.
    std::string item = "null"; ///< `$item`: JSON.
};

/// What a program gave: each result as compact JSON, in order, or why there is none.
struct answer {
    std::vector<std::string> results;
    std::string problem; ///< jq's message, or what ended the process. Empty: `results` hold.
    /// With a problem: it lies in the machine and not in the program (no process could be started, one was
    /// killed from outside), so that a later attempt can help.
    bool is_transient = false;
};

struct limits {
    std::chrono::milliseconds time{1000};              ///< Of one program; then its process is killed.
    std::uint64_t memory_bytes = 256ULL * 1024 * 1024; ///< Address space of a process.
    std::uint64_t result_bytes = 16ULL * 1024 * 1024;  ///< Of one program's results together.
};

/// For reading what programs see, which takes longer the longer the body is; it isn't part of `time`.
constexpr std::chrono::milliseconds reading_time(const limits& bounds, std::uint64_t body_bytes) {
    return bounds.time + std::chrono::milliseconds{body_bytes / 4096};
}

/// A pool of processes, begun when they are first needed. Thread-safe: as many threads as there are
/// processes run programs at once, further ones wait.
class engine {
public:
    explicit engine(std::size_t processes_max, limits bounds = {});
    /// Ends the processes. No thread may be in a call.
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    /// One answer for each program, in order. A program that takes too long or ends its process is its
    /// own problem: those behind it run in a fresh one. Blocks up to `time` for each program. Doesn't throw.
    std::vector<answer> run(std::span<const std::string> programs, const view& what);

    /// Why a program can't be used: jq's message, or a word that isn't allowed in it (`env`, `$ENV`,
    /// `input`, `halt`, ...). Nothing where it compiles.
    std::optional<std::string> refuse(const std::string& program);

private:
    class pool;
    std::unique_ptr<pool> pool_;
};

} // namespace outreachd::expression
