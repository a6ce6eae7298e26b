/// Decides whether a request is genuine, and makes an event of one that is.
#include "daemon/signature/verifier.hpp"

#include "daemon/crypto/hmac.hpp"
#include "daemon/event/event_reader.hpp"
#include "daemon/text/hex_digit.hpp"

#include <openssl/crypto.h>

#include <optional>
#include <utility>

namespace outreachd::signature {

namespace {

constexpr std::size_t signature_digits = 2 * std::tuple_size_v<digest>;

/// The bytes that 64 hex digits say, in either case and with white space around them (contract 2.9).
std::optional<digest> parse_signature(std::string_view text) noexcept {
    constexpr std::string_view white_space = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(white_space);
    if (begin == std::string_view::npos)
        return std::nullopt;
    text = text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
    if (text.size() != signature_digits)
        return std::nullopt;
    digest value{};
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto high = hex_digit(text[2 * i]);
        const auto low = hex_digit(text[2 * i + 1]);
        if (!high || !low)
            return std::nullopt;
        value[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return value;
}

} // namespace

struct verifier::implementation {
    std::vector<hmac_key> keys;
    bool accepts_unsigned = false;

    /// How the request fails, or a code that says it doesn't.
    error_code judge(const received_request& request) const {
        if (request.signatures.empty())
            return accepts_unsigned ? error_code{} : errc::signature_missing;
        if (request.signatures.size() != 1)
            return errc::signature_malformed;
        const auto claimed = parse_signature(request.signatures.front());
        if (!claimed)
            return errc::signature_malformed;
        return is_signed(request.body, *claimed) ? error_code{} : errc::signature_mismatch;
    }

    /// Tries every key whatever the first ones said: the time taken tells nothing of which one fits.
    bool is_signed(std::string_view body, const digest& claimed) const {
        unsigned fitting = 0;
        for (const hmac_key& key : keys) {
            const digest made = key.authenticate(body);
            fitting |= static_cast<unsigned>(CRYPTO_memcmp(made.data(), claimed.data(), made.size()) == 0);
        }
        return fitting != 0;
    }
};

verifier::verifier(const policy& rules) : implementation_(std::make_unique<implementation>()) {
    implementation_->accepts_unsigned = rules.accepts_unsigned;
    for (const secret& key : rules.secrets) {
        // Anybody could sign with an empty secret: one that came through all checks fits nothing.
        if (!key.empty())
            implementation_->keys.emplace_back(key.reveal());
    }
}

verifier::~verifier() = default;

result<verified_event> verifier::verify(received_request& request) const {
    if (const error_code ec = implementation_->judge(request))
        return ec;

    event genuine;
    genuine.origin =
        request.signatures.empty() ? event_origin::unsigned_request : event_origin::signed_request;
    genuine.id = make_event_id(request.received_at);
    genuine.facts = read_event(request.body);
    genuine.body_digest = sha256(request.body);
    genuine.received_at = request.received_at;
    genuine.endpoint = request.endpoint;
    genuine.source = request.source;
    genuine.content_type = std::move(request.content_type);
    genuine.outreach_event_id = std::move(request.outreach_event_id);
    genuine.headers = std::move(request.headers);
    genuine.cleanup_token = std::move(request.cleanup_token);
    genuine.body = std::move(request.body);
    return verified_event{std::move(genuine)};
}

std::string sign(const secret& key, std::string_view body) {
    constexpr std::string_view digits = "0123456789abcdef";
    const digest made = hmac_key{key.reveal()}.authenticate(body);
    std::string text;
    text.reserve(signature_digits);
    for (const std::uint8_t byte : made) {
        text += digits[byte >> 4];
        text += digits[byte & 0x0F];
    }
    return text;
}

} // namespace outreachd::signature
