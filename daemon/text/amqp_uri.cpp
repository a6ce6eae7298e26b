/// Reads the URI of a RabbitMQ node, and refuses what could be meant in two ways: a password with a bare `@`
/// or `/` in it would otherwise be taken for a host or a vhost, and be shown as one.
#include "daemon/text/amqp_uri.hpp"

#include "daemon/text/hex_digit.hpp"
#include "daemon/text/host_name.hpp"
#include "daemon/text/percent_encode.hpp"
#include "daemon/text/url.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace outreachd {

namespace {

/// A short string in AMQP's connection.open.
constexpr std::size_t vhost_bytes_max = 255;

bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// Undoes percent-encoding. Nothing where a `%` isn't followed by two digits, or stands for a control
/// character: a NUL would end a name early, or divide it from the password.
std::optional<std::string> decode(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char next = text[at];
        if (next == '%') {
            const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
            const auto low = high ? hex_digit(text[at + 2]) : std::nullopt;
            if (!low)
                return std::nullopt;
            next = static_cast<char>(*high * 16 + *low);
            at += 2;
        }
        if (is_control(next))
            return std::nullopt;
        decoded += next;
    }
    return decoded;
}

bool read_user(std::string_view text, amqp_uri& into) {
    const std::size_t colon = text.find(':');
    auto user = decode(text.substr(0, colon));
    if (!user || user->empty())
        return false;
    into.user = std::move(*user);
    if (colon == std::string_view::npos)
        return true;
    auto password = decode(text.substr(colon + 1));
    if (!password)
        return false;
    into.password = secret{std::move(*password)};
    return true;
}

bool is_ipv6_address(const std::string& text) {
    in6_addr ignored{};
    return inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

/// `host` or `host:port`, in the same forms as in any other URL.
bool read_place(std::string_view text, amqp_uri& into) {
    const auto parsed = parse_url("http://" + std::string{text});
    if (!parsed || !(text.front() == '[' ? is_ipv6_address(parsed->host) : is_host_name(parsed->host)))
        return false;
    into.host = parsed->host;
    const bool has_port = text.back() != ']' && text.find(':') != std::string_view::npos;
    into.port = has_port ? parsed->port : into.is_tls ? 5671 : 5672;
    return true;
}

bool read_vhost(std::string_view path, amqp_uri& into) {
    if (path.empty())
        return true;
    path.remove_prefix(1);
    if (path.find_first_of("/@") != std::string_view::npos)
        return false;
    auto vhost = decode(path);
    if (!vhost || vhost->size() > vhost_bytes_max)
        return false;
    into.vhost = std::move(*vhost);
    return true;
}

} // namespace

std::optional<amqp_uri> parse_amqp_uri(std::string_view text) {
    constexpr std::string_view plain = "amqp://";
    constexpr std::string_view encrypted = "amqps://";
    amqp_uri parsed;
    parsed.is_tls = text.starts_with(encrypted);
    const bool is_clean = std::none_of(
        text.begin(), text.end(), [](char c) { return is_control(c) || c == ' ' || c == '?' || c == '#'; });
    if (!is_clean || (!parsed.is_tls && !text.starts_with(plain)))
        return std::nullopt;
    text.remove_prefix(parsed.is_tls ? encrypted.size() : plain.size());
    std::string_view authority = text.substr(0, text.find('/'));
    const std::string_view path = text.substr(authority.size());
    if (const std::size_t at = authority.find('@'); at != std::string_view::npos) {
        if (!read_user(authority.substr(0, at), parsed))
            return std::nullopt;
        authority.remove_prefix(at + 1); // a second '@' is no part of a host
    }
    if (!read_place(authority, parsed) || !read_vhost(path, parsed))
        return std::nullopt;
    return parsed;
}

std::string shown(const amqp_uri& what) {
    const bool is_v6 = what.host.find(':') != std::string::npos;
    std::string text = what.is_tls ? "amqps://" : "amqp://";
    text += is_v6 ? "[" + what.host + "]" : what.host;
    return text + ":" + std::to_string(what.port) + "/" + percent_encode(what.vhost);
}

} // namespace outreachd
