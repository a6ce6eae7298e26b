#include "handlers/outreach/fingerprint.hpp"

#include "daemon/crypto/digest.hpp"
#include "daemon/text/percent_encode.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

constexpr std::size_t shown_bytes = 16;
constexpr std::size_t secret_bytes_min = 4;

void hide(std::string& text, std::string_view word) {
    static constexpr std::string_view mask = "[hidden]";
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + mask.size()))
        text.replace(at, word.size(), mask);
}

} // namespace

std::string fingerprint(std::initializer_list<std::string_view> fields) {
    if (std::all_of(fields.begin(), fields.end(), [](std::string_view each) { return each.empty(); }))
        return {};
    static constexpr std::string_view digits = "0123456789abcdef";
    const digest hash = sha256_of_fields(fields);
    std::string text;
    for (std::size_t i = 0; i < shown_bytes; ++i) {
        text += digits[hash[i] >> 4U];
        text += digits[hash[i] & 0xFU];
    }
    return text;
}

std::string without_secrets(std::string text, std::initializer_list<std::string_view> secrets) {
    for (const std::string_view each : secrets) {
        if (each.size() < secret_bytes_min)
            continue;
        hide(text, each);
        hide(text, percent_encode(each));
    }
    return text;
}

} // namespace outreachd::handlers::outreach
