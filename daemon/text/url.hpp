/// The parts of an http or https URL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd {

struct url {
    bool is_tls = true;
    std::string host; ///< A name, or an address without brackets.
    std::uint16_t port = 443;
    std::string target = "/"; ///< Path and query.
};

/// Nothing where `text` isn't `http://` or `https://`, a host, perhaps a port, and a path, or holds
/// a space, a control character, a user or a fragment.
std::optional<url> parse_url(std::string_view text);

/// `host` or `host:port`, as in the Host header: the port only where it isn't the scheme's own.
std::string authority_of(const url& from);

} // namespace outreachd
