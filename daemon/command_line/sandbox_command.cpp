/// Starts the simulation, and says how to use it.
#include "daemon/command_line/sandbox_command.hpp"

#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/sandbox/proofs.hpp"
#include "daemon/sandbox/server.hpp"
#include "daemon/settings/bounded_file.hpp"
#include "daemon/settings/units.hpp"

#include <csignal>
#include <ostream>
#include <stdexcept>

#include <pthread.h>

namespace outreachd::command_line {

namespace {

/// Holds SIGINT and SIGTERM back, in threads begun meanwhile too, until they are waited for.
class stop_signals {
public:
    stop_signals() {
        sigemptyset(&waited_for_);
        sigaddset(&waited_for_, SIGINT);
        sigaddset(&waited_for_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &waited_for_, &before_);
    }

    ~stop_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    stop_signals(const stop_signals&) = delete;
    stop_signals& operator=(const stop_signals&) = delete;

    void wait() const {
        int number = 0;
        sigwait(&waited_for_, &number);
    }

private:
    sigset_t waited_for_{};
    sigset_t before_{};
};

/// Throws std::invalid_argument, naming the option.
std::chrono::milliseconds duration_of(const std::string& option, const std::string& text) {
    const auto read = settings::parse_duration(text);
    if (const auto* const why = std::get_if<std::string>(&read))
        throw std::invalid_argument(option + ": " + *why);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::get<settings::duration>(read));
}

/// Throws std::runtime_error where it can't be read, std::invalid_argument where it is none.
std::string read_key(const std::string& path) {
    constexpr std::size_t key_bytes_max = 64 * 1024;
    settings::file_contents file = settings::read_file(path, key_bytes_max, settings::file_kind::regular);
    if (!file.problem.empty())
        throw std::runtime_error("--s2s-key: " + file.problem);
    if (!sandbox::is_public_key(file.text))
        throw std::invalid_argument("--s2s-key: '" + path + "' holds no RSA public key in PEM");
    return std::move(file.text);
}

/// Throws std::invalid_argument, naming what is wrong, and what read_key throws.
sandbox::options to_options(const sandbox_options& typed) {
    sandbox::options made;
    made.address = typed.address;
    made.port = typed.port;
    made.token = "sandbox-token";
    made.refresh_token = "sandbox-refresh-token";
    made.access_token_life = duration_of("--access-token-life", typed.access_token_life);
    made.refresh_token_life = duration_of("--refresh-token-life", typed.refresh_token_life);
    made.grant_interval = duration_of("--grant-interval", typed.grant_interval);
    made.limit = typed.limit;
    made.limit_window = duration_of("--limit-window", typed.limit_window);
    made.page_size = typed.page_size;
    made.delivery.verifies_tls = !typed.is_insecure;
    made.delivery.ca_file = typed.ca_file;
    made.is_empty = typed.is_empty;
    made.auto_approve = !typed.asks_consent;
    if (!typed.s2s_key.empty())
        made.s2s_public_keys.push_back(read_key(typed.s2s_key));
    return made;
}

void explain(const sandbox::server& running, const sandbox::options& set, const streams& to) {
    to.out << "A simulated Outreach is at " << running.origin() << " until you press Ctrl-C.\n"
           << "For the configuration, one of these under `auth`:\n\n"
           << "outreach:\n  base_url: " << running.base_url()
           << "\n  auth:\n    type: oauth\n    client_id: " << set.client_id
           << "\n    client_secret: " << set.client_secret << "\n    refresh_token: " << set.refresh_token
           << "\n    # type: token\n    # token: " << set.token
           << "\n    # type: s2s\n    # guid: " << set.s2s_guid << "\n    # install: " << set.install
           << "\n    # private_key: {file: "
           << (set.s2s_public_keys.empty() ? "any RSA key" : "the key that fits") << "}\n\n"
           << "What came:      curl " << running.origin() << "/sandbox/requests\n"
           << "What was sent:  curl " << running.origin() << "/sandbox/deliveries\n"
           << std::flush;
}

} // namespace

int run_sandbox(const sandbox_options& typed, const streams& to) {
    const stop_signals signals; // First, so that no thread takes them.
    try {
        const sandbox::options set = to_options(typed);
        log::logger log{log::level::info, log::format::text};
        sandbox::server running{set, log};
        running.start();
        explain(running, set, to);
        signals.wait();
        running.stop();
        return exit_code::ok;
    } catch (const std::invalid_argument& wrong) {
        to.err << "outreachd: " << printable(wrong.what()) << "\nTry `outreachd sandbox --help`.\n";
        return exit_code::usage;
    } catch (const std::runtime_error& failed) {
        to.err << "outreachd: " << printable(failed.what()) << '\n';
        return exit_code::failed;
    }
}

} // namespace outreachd::command_line
