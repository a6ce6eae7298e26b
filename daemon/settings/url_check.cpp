#include "daemon/settings/url_check.hpp"

#include "daemon/settings/expressions.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/text/host_name.hpp"
#include "daemon/text/url.hpp"
#include "daemon/text/url_template.hpp"

#include <algorithm>

namespace outreachd::settings {

namespace {

/// Between the scheme and the path; the whole where there is no scheme.
std::string_view authority_of_text(std::string_view text) {
    const auto scheme = text.find("://");
    if (scheme != std::string_view::npos)
        text.remove_prefix(scheme + 3);
    return text.substr(0, text.find_first_of("/?#"));
}

bool has_dot_segment(std::string_view target) {
    const std::string path = std::string{target.substr(0, target.find('?'))} + "/";
    return path.find("/./") != std::string::npos || path.find("/../") != std::string::npos;
}

void check_host(const value_ref& value, const std::string& host,
                const std::vector<std::string>& allow_hosts) {
    const bool is_listed =
        allow_hosts.empty() || std::any_of(allow_hosts.begin(), allow_hosts.end(),
                                           [&](const auto& pattern) { return matches_host(pattern, host); });
    if (!is_listed)
        value.error("the host " + in_quotes(host) + " is not in 'allow_hosts'");
}

} // namespace

bool holds_user(std::string_view url) {
    return authority_of_text(url).find('@') != std::string_view::npos;
}

std::string refuse_url(const std::string& text) {
    if (std::any_of(text.begin(), text.end(), [](char c) { return c <= 0x20 || c >= 0x7F; }))
        return "holds a space or a letter beyond ASCII; write it percent-encoded, a host's name in its "
               "xn-- form";
    if (!text.starts_with("http://") && !text.starts_with("https://"))
        return "should begin with http:// or https://";
    if (text.find('#') != std::string::npos)
        return "holds a '#', and what follows it is never sent; write %23 for the character";
    const auto parsed = parse_url(text);
    if (!parsed || !is_host_name(parsed->host))
        return "is no URL such as https://crm.example.com/tasks";
    if (has_dot_segment(parsed->target))
        return "has a '.' or '..' in its path; write the path that is meant";
    return {};
}

std::optional<std::string> read_url_template(const value_ref& value,
                                             const std::optional<std::vector<std::string>>& allow_hosts) {
    auto text = read_template(value);
    if (!text)
        return std::nullopt;
    const url_template parts = outreachd::read_url_template(*text);
    // A password may stand in front of it, so the text isn't repeated.
    if (!parts.is_whole_expression && holds_user(parts.blanked)) {
        value.error("holds a user or a password; give an Authorization under 'headers' instead");
        return std::nullopt;
    }
    if (parts.has_host_expression && !allow_hosts) {
        value.error("an expression decides the host; list under 'allow_hosts' what it may become");
        return std::nullopt;
    }
    if (parts.is_whole_expression)
        return text;
    if (std::string problem = refuse_url(parts.blanked); !problem.empty()) {
        value.error(in_quotes(value.node.text) + " " + problem); // not what ${NAME} stands for
        return std::nullopt;
    }
    const std::string host = parse_url(parts.blanked)->host;
    if (!parts.has_host_expression && allow_hosts)
        check_host(value, host, *allow_hosts);
    if (parts.blanked.starts_with("http://") && !(is_loopback_host(host) && !parts.has_host_expression))
        value.warning("sends events, and what 'headers' holds, unencrypted; https:// would not");
    return text;
}

std::optional<std::string> read_path_template(const value_ref& value) {
    auto text = read_template(value);
    if (!text)
        return std::nullopt;
    const std::string blanked = outreachd::read_url_template("https://host" + *text).blanked;
    if (std::string problem = refuse_url(blanked); !problem.empty()) {
        value.error(in_quotes(value.node.text) + " " + problem);
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> read_proxy(const value_ref& value) {
    const auto read = read_scalar(value, "a proxy's URL, or off");
    if (!read)
        return std::nullopt;
    std::string_view rest = read->text;
    if (rest == "off")
        return std::string{};
    const auto has_scheme = [&](std::string_view scheme) {
        if (!rest.starts_with(scheme))
            return false;
        rest.remove_prefix(scheme.size());
        return true;
    };
    const bool is_known = has_scheme("http://") || has_scheme("https://") || has_scheme("socks5://") ||
                          has_scheme("socks5h://");
    const auto at = rest.rfind('@');
    const bool has_user = at != std::string_view::npos;
    if (is_known && has_user && rest.substr(0, at).find_first_of("/?#@ \\") != std::string_view::npos) {
        value.error(
            "holds a user or password with a character that a URL can't hold there; percent-encode it");
        return std::nullopt;
    }
    const auto parsed = parse_url("http://" + std::string{has_user ? rest.substr(at + 1) : rest});
    if (!is_known || !parsed || !is_host_name(parsed->host) || parsed->target != "/") {
        value.error("is no proxy's URL such as http://proxy.example.com:3128; its scheme is http, https, "
                    "socks5 or socks5h, and it has no path");
        return std::nullopt;
    }
    if (has_user && !read->from_environment)
        value.warning("a user and password stand in the file itself; ${NAME} keeps them out");
    return read->text;
}

} // namespace outreachd::settings
