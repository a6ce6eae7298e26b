/// What the configuration must know of an IP address.
#pragma once

#include <string_view>

namespace outreachd::settings {

/// IPv4 or IPv6, the latter perhaps with a zone (`fe80::1%eth0`). No names: what a name stands for
/// can change, and with it who reaches the port.
bool is_ip_address(std::string_view text);

/// 127.0.0.0/8 or ::1, also written as IPv4 in IPv6.
bool is_loopback(std::string_view address);

/// A loopback address, or `localhost`.
bool is_loopback_host(std::string_view host);

/// 0.0.0.0 or ::, all of the machine's addresses.
bool is_any_address(std::string_view address);

} // namespace outreachd::settings
