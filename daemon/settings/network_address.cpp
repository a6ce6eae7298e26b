#include "daemon/settings/network_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <arpa/inet.h>

namespace outreachd::settings {

namespace {

/// As IPv6, an IPv4 address mapped into it.
using address_bytes = std::array<std::uint8_t, 16>;

constexpr std::array<std::uint8_t, 12> ipv4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::optional<address_bytes> parse(std::string_view text) {
    address_bytes bytes{};
    const std::size_t zone = text.find('%');
    const std::string plain{text.substr(0, zone)};
    if (inet_pton(AF_INET6, plain.c_str(), bytes.data()) == 1) {
        if (zone != std::string_view::npos && zone + 1 == text.size())
            return std::nullopt;
        return bytes;
    }
    std::copy(ipv4_prefix.begin(), ipv4_prefix.end(), bytes.begin());
    if (zone == std::string_view::npos && inet_pton(AF_INET, plain.c_str(), bytes.data() + 12) == 1)
        return bytes;
    return std::nullopt;
}

bool is_ipv4(const address_bytes& bytes) {
    return std::equal(ipv4_prefix.begin(), ipv4_prefix.end(), bytes.begin());
}

constexpr address_bytes ipv6_loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

} // namespace

bool is_ip_address(std::string_view text) {
    return parse(text).has_value();
}

bool is_loopback(std::string_view address) {
    const auto bytes = parse(address);
    return bytes && (*bytes == ipv6_loopback || (is_ipv4(*bytes) && (*bytes)[12] == 127));
}

bool is_loopback_host(std::string_view host) {
    return is_loopback(host) || host == "localhost";
}

bool is_any_address(std::string_view address) {
    const auto bytes = parse(address);
    if (!bytes)
        return false;
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    return std::all_of(bytes->begin(), bytes->end(), is_zero) ||
           (is_ipv4(*bytes) && std::all_of(bytes->begin() + 12, bytes->end(), is_zero));
}

} // namespace outreachd::settings
