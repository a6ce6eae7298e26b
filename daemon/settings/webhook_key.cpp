#include "daemon/settings/webhook_key.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace outreachd::settings {

namespace {

constexpr std::string_view prefix = "whsec_";

/// RFC 4648, section 4. The bits that pad the last letter must be zero, else two texts were one key.
std::optional<secret> decode_base64(std::string_view text) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.ends_with("==") && text.size() % 4 == 0)
        text.remove_suffix(2);
    else if (text.ends_with('=') && text.size() % 4 == 0)
        text.remove_suffix(1);
    if (text.empty() || text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos)
            return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes.push_back(static_cast<char>(bits >> count & 0xFFU));
        }
    }
    if ((bits & ((1U << count) - 1)) != 0)
        return std::nullopt;
    return secret{std::move(bytes)};
}

} // namespace

std::optional<secret> webhook_key(const secret& written) {
    const std::string_view text = written.reveal();
    return text.starts_with(prefix) ? decode_base64(text.substr(prefix.size())) : written;
}

} // namespace outreachd::settings
