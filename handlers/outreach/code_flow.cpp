#include "handlers/outreach/code_flow.hpp"

#include "daemon/crypto/digest.hpp"
#include "daemon/text/hex_digit.hpp"
#include "daemon/text/percent_encode.hpp"
#include "handlers/base64.hpp"
#include "handlers/outreach/json_api.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include <sys/random.h>

namespace outreachd::handlers::outreach {

namespace {

/// As URL-safe text; 32 bytes, which RFC 7636 (4.1) advises for a verifier.
std::string random_text() {
    std::array<char, 32> bytes{};
    // Up to 256 bytes come whole, once the kernel has had its seed.
    while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        if (errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "the kernel gives no random bytes");
    return to_base64url({bytes.data(), bytes.size()});
}

std::string challenge_of(std::string_view verifier) {
    const digest hash = sha256(verifier);
    return to_base64url({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string decode(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            const auto high = hex_digit(text[at + 1]);
            const auto low = hex_digit(text[at + 2]);
            if (high && low) {
                decoded += static_cast<char>(*high << 4U | *low);
                at += 2;
                continue;
            }
        }
        decoded += text[at] == '+' ? ' ' : text[at];
    }
    return decoded;
}

/// The first of that name; nothing where there is none.
std::optional<std::string> find_parameter(std::string_view target, std::string_view name) {
    std::string_view rest = target.substr(std::min(target.find('?'), target.size()));
    rest = rest.substr(0, rest.find('#'));
    while (!rest.empty()) {
        rest.remove_prefix(1); // `?` or `&`
        const std::string_view pair = rest.substr(0, rest.find('&'));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name)
            return decode(pair.substr(std::min(equals + 1, pair.size())));
        rest.remove_prefix(pair.size());
    }
    return std::nullopt;
}

std::string join_words(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

} // namespace

begun_login begin_login(const settings::oauth_access& access, std::string redirect_uri) {
    begun_login login;
    login.redirect_uri = std::move(redirect_uri);
    login.state = random_text();
    login.verifier = secret{random_text()};
    login.url = access.authorize_url + (access.authorize_url.find('?') == std::string::npos ? "?" : "&") +
                "client_id=" + percent_encode(access.client_id) +
                "&redirect_uri=" + percent_encode(login.redirect_uri) + "&response_type=code" +
                "&scope=" + percent_encode(join_words(access.scopes)) + "&state=" + login.state +
                "&code_challenge=" + challenge_of(login.verifier.reveal()) + "&code_challenge_method=S256";
    return login;
}

finished_login read_redirect(const begun_login& login, std::string_view target) {
    const auto state = find_parameter(target, "state");
    if (!state || *state != login.state)
        return {.problem =
                    "the browser came back from another login: its state is not the one it was sent with",
                .is_stranger = true};
    if (const auto error = find_parameter(target, "error")) {
        const std::string words = find_parameter(target, "error_description").value_or("");
        return {.problem = "Outreach refused the login: " + presentable(*error) +
                           (words.empty() ? "" : ": " + presentable(words))};
    }
    auto code = find_parameter(target, "code");
    if (!code || code->empty())
        return {.problem = "the browser came back without a code"};
    return {.code = secret{std::move(*code)}};
}

} // namespace outreachd::handlers::outreach
