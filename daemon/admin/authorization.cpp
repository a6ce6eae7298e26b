/// Who may ask the admin server for what.
#include "daemon/admin/authorization.hpp"

#include "daemon/admin/dashboard_files.hpp"
#include "daemon/text/ascii.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace outreachd::admin {

namespace {

/// The digest stands for the token, so that neither its length nor its bytes decide how long this takes.
bool is_same(const digest& left, const digest& right) noexcept {
    volatile unsigned difference = 0;
    for (std::size_t at = 0; at < left.size(); ++at)
        difference = difference | static_cast<unsigned>(left[at] ^ right[at]);
    return difference == 0;
}

bool is_loopback(const std::string& name) noexcept {
    if (name == "localhost")
        return true;
    in_addr v4{};
    if (::inet_pton(AF_INET, name.c_str(), &v4) == 1)
        return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_below(std::string_view path, std::string_view folder) noexcept {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

bool is_port(std::string_view text) noexcept {
    return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

response unauthorized() {
    response refused = error_answer(401, "a token is needed: Authorization: Bearer TOKEN (admin.token)");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"outreachd\"");
    return refused;
}

} // namespace

std::string host_name(std::string_view header) {
    std::string_view name = header;
    if (name.starts_with('[')) {
        const auto end = name.find(']');
        if (end == std::string_view::npos)
            return {};
        const std::string_view rest = name.substr(end + 1);
        if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1))))
            return {};
        name = name.substr(1, end - 1);
    } else if (const auto colon = name.find(':'); colon != std::string_view::npos) {
        if (!is_port(name.substr(colon + 1)))
            return {};
        name = name.substr(0, colon);
    }
    if (name.ends_with('.'))
        name.remove_suffix(1);
    return to_lower(name);
}

authorization::authorization(const std::string& address, const std::vector<std::string>& hosts,
                             const secret& token) {
    names_.push_back(address);
    for (const std::string& each : hosts)
        names_.push_back(host_name(each));
    std::erase(names_, std::string{});
    if (!token.empty())
        token_ = sha256(token.reveal());
}

bool authorization::is_our_host(const request& asked) const {
    if (asked.hosts.size() != 1)
        return false;
    const std::string name = host_name(asked.hosts.front());
    // An address can't be rebound, so the one that the connection came to is fine where we listen on all.
    return !name.empty() && (is_loopback(name) || name == asked.local_address ||
                             std::ranges::find(names_, name) != names_.end());
}

bool authorization::has_token(const request& asked) const noexcept {
    if (!token_)
        return true;
    if (asked.authorizations.size() != 1)
        return false;
    constexpr std::string_view scheme = "bearer ";
    const std::string_view given = asked.authorizations.front();
    if (given.size() <= scheme.size() || !std::equal(scheme.begin(), scheme.end(), given.begin(),
                                                     [](char a, char b) { return a == to_lower(b); }))
        return false;
    return is_same(*token_, sha256(given.substr(scheme.size())));
}

std::optional<response> authorization::refuse(const request& asked) const {
    const std::string_view path = asked.path();
    const bool is_api = is_below(path, "/api");
    if ((is_api || is_dashboard(path)) && !is_our_host(asked))
        return error_answer(
            403, "the request's Host is not a name of this server; `admin.hosts` lists further ones");
    if ((is_api || path == "/metrics") && !has_token(asked))
        return unauthorized();
    return std::nullopt;
}

} // namespace outreachd::admin
