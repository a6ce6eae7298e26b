#include "daemon/sandbox/random_token.hpp"

#include "daemon/event/event_id.hpp"
#include "daemon/sandbox/base64url.hpp"

#include <random>

namespace outreachd::sandbox {

std::string make_random() {
    static constexpr std::string_view digits = "0123456789abcdef";
    static std::random_device source;
    std::string text;
    while (text.size() < 40) {
        for (unsigned bits = source(), left = 8; left > 0; --left, bits >>= 4U)
            text += digits[bits & 0xfU];
    }
    return text;
}

std::string make_token() {
    return to_base64url(R"({"alg":"HS256"})") + '.' + to_base64url(R"({"jti":")" + make_random() + R"("})") +
           '.' + to_base64url(make_random());
}

} // namespace outreachd::sandbox
