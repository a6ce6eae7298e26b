#include "daemon/restart_keys.hpp"

#include "daemon/repeat_window.hpp"

namespace outreachd {

std::vector<std::string> keys_for_restart(const settings::settings& running, const settings::settings& next,
                                          std::chrono::milliseconds repeat_window) {
    std::vector<std::string> keys;
    const auto note = [&](bool is_same, const char* key) {
        if (!is_same)
            keys.emplace_back(key);
    };
    note(running.listen.address == next.listen.address, "listen.address");
    note(running.listen.port == next.listen.port, "listen.port");
    note(running.listen.limits == next.listen.limits, "listen.limits");
    note(running.listen.plaintext == next.listen.plaintext, "listen.plaintext");
    // Other files are taken up; TLS itself comes and goes with a restart.
    note(running.listen.tls.has_value() == next.listen.tls.has_value(), "listen.tls");
    note(running.store == next.store, "store");
    note(running.queue == next.queue, "queue");
    note(running.roles == next.roles, "roles");
    note(running.admin == next.admin, "admin");
    note(running.log.format == next.log.format, "log.format");
    // What the store has forgotten it doesn't know again.
    note(longest_window(next.endpoints) <= repeat_window, "endpoints[].dedup_window");
    return keys;
}

} // namespace outreachd
