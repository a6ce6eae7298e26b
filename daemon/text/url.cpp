/// Reads what a person types, and refuses what could not stand in a request line.
#include "daemon/text/url.hpp"

#include <algorithm>
#include <charconv>

namespace outreachd {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes `name`, `192.0.2.1` or `[2001:db8::1]` off the front; empty where there is none.
std::string take_host(std::string_view& authority) {
    const bool is_bracketed = authority.starts_with('[');
    const std::size_t end = authority.find(is_bracketed ? ']' : ':');
    if (is_bracketed && end == std::string_view::npos)
        return {};
    std::string host{authority.substr(is_bracketed ? 1 : 0, is_bracketed ? end - 1 : end)};
    authority.remove_prefix(std::min(authority.size(), is_bracketed ? end + 1 : end));
    return host;
}

} // namespace

std::optional<url> parse_url(std::string_view text) {
    const bool is_clean = std::none_of(text.begin(), text.end(), [](char letter) {
        return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7F || letter == '#';
    });
    url parsed;
    if (!is_clean)
        return std::nullopt;
    if (take_prefix(text, "http://")) {
        parsed.is_tls = false;
        parsed.port = 80;
    } else if (!take_prefix(text, "https://")) {
        return std::nullopt;
    }
    std::string_view authority = text.substr(0, text.find_first_of("/?"));
    text.remove_prefix(authority.size());
    if (authority.find('@') != std::string_view::npos)
        return std::nullopt;
    parsed.host = take_host(authority);
    if (parsed.host.empty())
        return std::nullopt;
    if (take_prefix(authority, ":")) {
        const char* const end = authority.data() + authority.size();
        const auto [stop, failure] = std::from_chars(authority.data(), end, parsed.port);
        if (failure != std::errc{} || stop != end || parsed.port == 0)
            return std::nullopt;
    } else if (!authority.empty()) {
        return std::nullopt;
    }
    parsed.target = text.starts_with('/') ? std::string{text} : "/" + std::string{text};
    return parsed;
}

std::string authority_of(const url& from) {
    const bool is_v6 = from.host.find(':') != std::string::npos;
    std::string text = is_v6 ? "[" + from.host + "]" : from.host;
    if (from.port != (from.is_tls ? 443 : 80))
        text += ":" + std::to_string(from.port);
    return text;
}

} // namespace outreachd
