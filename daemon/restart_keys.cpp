#include "daemon/restart_keys.hpp"

#include "daemon/repeat_window.hpp"

namespace outreachd {

std::vector<std::string> keys_for_restart(const settings::settings& running, const settings::settings& next) {
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
    note(running.admin == next.admin, "admin");
    note(running.log.format == next.log.format, "log.format");
    // The store remembers repeats for as long as the longest of its start.
    note(longest_window(next.endpoints) <= longest_window(running.endpoints), "endpoints[].dedup_window");
    return keys;
}

} // namespace outreachd
