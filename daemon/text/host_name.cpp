#include "daemon/text/host_name.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <arpa/inet.h>

namespace outreachd {

namespace {

constexpr std::string_view wildcard = "*.";

bool is_letter_or_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

std::string_view without_brackets(std::string_view text) noexcept {
    return text.size() > 2 && text.front() == '[' && text.back() == ']' ? text.substr(1, text.size() - 2)
                                                                        : text;
}

bool is_ipv6(std::string_view text) noexcept {
    return text.find(':') != text.rfind(':') && std::all_of(text.begin(), text.end(), [](char c) {
               return c == ':' || c == '.' || (c >= '0' && c <= '9') ||
                      (to_lower(c) >= 'a' && to_lower(c) <= 'f');
           });
}

bool is_same_address(std::string_view left, std::string_view right) noexcept {
    in6_addr one{};
    in6_addr other{};
    return inet_pton(AF_INET6, std::string{left}.c_str(), &one) == 1 &&
           inet_pton(AF_INET6, std::string{right}.c_str(), &other) == 1 &&
           std::memcmp(&one, &other, sizeof one) == 0;
}

} // namespace

bool is_host_name(std::string_view text) noexcept {
    if (is_ipv6(without_brackets(text)))
        return true;
    return !text.empty() && text.front() != '.' && text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_host_pattern(std::string_view text) noexcept {
    return is_host_name(text.starts_with(wildcard) ? text.substr(wildcard.size()) : text);
}

bool matches_host(std::string_view pattern, std::string_view host) noexcept {
    host = without_brackets(host);
    if (is_ipv6(host)) // which can be written in many ways
        return is_same_address(without_brackets(pattern), host);
    if (!pattern.starts_with(wildcard))
        return is_same_in_any_case(without_brackets(pattern), host);
    const std::string_view domain = pattern.substr(1);
    return host.size() > domain.size() &&
           is_same_in_any_case(host.substr(host.size() - domain.size()), domain);
}

bool is_allowed_host(const std::vector<std::string>& patterns, std::string_view written,
                     std::string_view host) noexcept {
    if (patterns.empty())
        return host == written;
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return matches_host(pattern, host); });
}

} // namespace outreachd
