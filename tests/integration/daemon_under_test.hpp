/// The built program as a process of its own, with a directory, a certificate and a configuration.
#pragma once

#include "tests/servers/claimed_port.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace outreachd::tests {

/// A directory that is gone with its owner.
class scratch {
public:
    scratch();
    ~scratch();
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    std::string at(std::string_view name) const { return path_ + "/" + std::string(name); }

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// What differs from a plain configuration: an endpoint at /webhooks/outreach with the secret `foo`,
/// a file handler `out` for every event, free ports.
struct configuration {
    std::string address = "127.0.0.1";
    std::string limits = {}; ///< Flow mapping: `{header_timeout: 1s}`.
    std::string secrets = "[foo]";
    std::string endpoint = {}; ///< Further lines of the endpoint, `    unsigned: accept`.
    std::string handlers = "  out: {type: file, path: DIRECTORY/out.jsonl}\n";
    std::string routes = "  - {match: \"*\", to: [out]}\n";
    std::string store_directory = "DIRECTORY/store";
    std::string rest = {}; ///< Further sections.
    bool has_tls = true;
};

struct finished_process {
    int exit_code = -1; ///< 128 + signal where one ended it.
    std::string out;
    std::string err;
};

/// Runs a program to its end.
finished_process run_program(const std::vector<std::string>& argv);

/// Starts, kills and questions the daemon. One thread.
class daemon_under_test {
public:
    explicit daemon_under_test(configuration what = {});
    ~daemon_under_test(); ///< SIGKILL.
    daemon_under_test(const daemon_under_test&) = delete;
    daemon_under_test& operator=(const daemon_under_test&) = delete;

    /// Writes the configuration again, for the next start.
    void configure(const configuration& what);
    /// Listens at `port` from now on and hands the socket to each start, as systemd does for
    /// outreachd.socket.
    void hold_socket();
    /// Starts it, and waits until `/readyz` says so. `wrapper`: a command line before the program's.
    void start(const std::vector<std::string>& wrapper = {});
    /// Starts it, and waits for nothing.
    void begin_start(const std::vector<std::string>& wrapper = {});
    /// SIGKILL, and waits for its end.
    void kill();
    /// Sends `number` and waits for the end; gives the exit code, or -1 where it takes longer than `limit`.
    int stop(std::chrono::milliseconds limit = std::chrono::seconds{30}, int number = SIGTERM);
    void signal(int number) const;
    bool is_running();

    pid_t pid() const noexcept { return pid_; }

    std::uint16_t port() const noexcept { return port_.number(); }

    std::uint16_t admin_port() const noexcept { return admin_port_.number(); }

    const scratch& directory() const noexcept { return directory_; }

    std::string config_path() const { return directory_.at("outreachd.yaml"); }

    std::string log() const;

    /// `outreachd COMMAND… -c CONFIG`.
    finished_process command(std::vector<std::string> arguments) const;
    /// GET on the admin port: the status, the body after a line feed.
    std::string admin_get(const std::string& path) const;
    /// The value of a metric with exactly these labels: `outreachd_unaccounted`. NaN, which no comparison is
    /// true of, where there is none or nothing answers.
    double metric(const std::string& name_and_labels) const;
    /// The lines of a file that a handler wrote, by the event's id.
    std::map<std::string, std::vector<std::string>> delivered(const std::string& file = "out.jsonl") const;
    /// The resource ids of all events that the store holds, asked page by page.
    std::set<std::string> stored() const;
    /// Of all handlers, as the metrics say; NaN where nothing answers.
    double pending_deliveries() const;
    /// Waits until nothing is pending; false where that comes no nearer.
    bool drained() const;

private:
    std::string expand(std::string text) const;

    scratch directory_;
    const test_servers::claimed_port port_;
    const test_servers::claimed_port admin_port_;
    int socket_ = -1; ///< Of `hold_socket`.
    pid_t pid_ = -1;
};

/// Waits up to `limit` for `is_true`, asking every few milliseconds.
template <typename Question>
bool eventually(Question is_true, std::chrono::milliseconds limit = std::chrono::seconds{20});

/// The lines of a file that a `file` handler wrote, by the event's id.
std::map<std::string, std::vector<std::string>> delivered_in(const std::string& path);

/// The resource ids of delivered lines, where those are the numbers of `numbered_body`.
std::set<std::uint64_t> numbers_in(const std::map<std::string, std::vector<std::string>>& delivered);

std::string read_file(const std::string& path);
void sleep_for(std::chrono::milliseconds time);

template <typename Question>
bool eventually(Question is_true, std::chrono::milliseconds limit) {
    const auto give_up_at = std::chrono::steady_clock::now() + limit;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > give_up_at)
            return false;
        sleep_for(std::chrono::milliseconds{10});
    }
    return true;
}

/// Measures again and again until nothing is left, or what is left hasn't shrunk for `patience`: how long a
/// backlog takes is the machine's affair. Gives what was measured last.
template <typename Measure>
auto last_while_shrinking(Measure measure, std::chrono::milliseconds pause,
                          std::chrono::milliseconds patience) {
    auto last = measure();
    auto least = last;
    for (auto shrunk_at = std::chrono::steady_clock::now();
         last > 0 && std::chrono::steady_clock::now() - shrunk_at < patience;) {
        sleep_for(pause);
        last = measure();
        if (last < least) {
            least = last;
            shrunk_at = std::chrono::steady_clock::now();
        }
    }
    return last;
}

} // namespace outreachd::tests
