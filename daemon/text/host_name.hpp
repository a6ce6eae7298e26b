/// Names of hosts, and patterns of them, as `allow_hosts` lists them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outreachd {

/// A name of letters, digits, `-`, `_` and `.`, or an IP address, in brackets or not. No port, no
/// scheme; ASCII: a name in another script is written in its `xn--` form.
bool is_host_name(std::string_view text) noexcept;

/// A host's name, or `*.` and a name, which stands for every name below that one.
bool is_host_pattern(std::string_view text) noexcept;

/// Whether `pattern`, a host pattern, stands for `host`. Case doesn't count, nor do brackets around an
/// IPv6 address; addresses are compared as they are written.
bool matches_host(std::string_view pattern, std::string_view host) noexcept;

/// Whether what expressions have made of a URL may lead to `host`: to one of `patterns`, or, where there are
/// none, to `written`, the host that stands in the URL's text.
bool is_allowed_host(const std::vector<std::string>& patterns, std::string_view written,
                     std::string_view host) noexcept;

} // namespace outreachd
