/// URLs that the configuration gives, judged before anything connects to them.
#pragma once

#include "daemon/settings/scalar_reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::settings {

/// Whether a user or a password stands in front of the host; then messages don't repeat the URL.
bool holds_user(std::string_view url);

/// Why nothing could be sent to a URL that holds no expressions, or has them replaced; empty where it can.
std::string refuse_url(const std::string& text);

/// A URL that may hold expressions: http or https, in visible ASCII, with a host that is no expression
/// unless `allow_hosts` lists what it may become, without a user, a fragment, or `.` and `..` in its path.
/// Warns of http off loopback. Nothing, and says why, where it can't be used. An empty `allow_hosts` was
/// given and is wrong itself.
std::optional<std::string> read_url_template(const value_ref& value,
                                             const std::optional<std::vector<std::string>>& allow_hosts);

/// A path with perhaps a query that may hold expressions, below a base that stands elsewhere: in visible
/// ASCII, without a fragment, and without `.` and `..`.
std::optional<std::string> read_path_template(const value_ref& value);

/// `off`, which is empty, or the URL of a proxy: http, https, socks5 or socks5h. Never repeats its text,
/// since a password may stand in it.
std::optional<std::string> read_proxy(const value_ref& value);

} // namespace outreachd::settings
