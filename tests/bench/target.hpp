/// Where the load goes: an https URL, resolved once.
#pragma once

#include <string>

#include <sys/socket.h>

namespace outreachd::bench {

struct target {
    std::string host;
    std::string authority; ///< As in the Host header: host, and the port where the URL names one.
    std::string path;      ///< With its query string.
    sockaddr_storage address{};
    socklen_t address_bytes = 0;
};

/// `https://HOST[:PORT][/PATH]`. Throws std::invalid_argument for another form, std::runtime_error where the
/// host has no address.
target resolve_target(const std::string& url);

} // namespace outreachd::bench
