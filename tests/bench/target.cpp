#include "tests/bench/target.hpp"

#include <cstring>
#include <memory>
#include <stdexcept>

#include <netdb.h>

namespace outreachd::bench {

target resolve_target(const std::string& url) {
    const std::string scheme = "https://";
    if (!url.starts_with(scheme)) {
        throw std::invalid_argument{"--url " + url + ": only https:// is measured"};
    }
    const auto path_at = url.find('/', scheme.size());
    target found;
    found.authority = url.substr(scheme.size(), path_at - scheme.size());
    found.path = path_at == std::string::npos ? "/" : url.substr(path_at);

    std::string port = "443";
    found.host = found.authority;
    const auto bracket = found.host.find(']'); // of an IPv6 address
    const auto colon = found.host.find(':', bracket == std::string::npos ? 0 : bracket);
    if (colon != std::string::npos) {
        port = found.host.substr(colon + 1);
        found.host.resize(colon);
    }
    if (bracket != std::string::npos) {
        found.host = found.host.substr(1, bracket - 1);
    }

    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int error = getaddrinfo(found.host.c_str(), port.c_str(), &hints, &list);
    if (error != 0) {
        throw std::runtime_error{"--url " + url + ": " + gai_strerror(error)};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{list, &freeaddrinfo};
    std::memcpy(&found.address, list->ai_addr, list->ai_addrlen);
    found.address_bytes = list->ai_addrlen;
    return found;
}

} // namespace outreachd::bench
