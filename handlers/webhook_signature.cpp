#include "handlers/webhook_signature.hpp"

#include "handlers/base64.hpp"

namespace outreachd::handlers {

std::vector<header> sign_webhook(const hmac_key& key, std::string_view id, wall_time at,
                                 std::string_view body) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    const std::string timestamp = std::to_string(seconds);
    std::string message;
    message.reserve(id.size() + timestamp.size() + body.size() + 2);
    message.append(id).append(".").append(timestamp).append(".").append(body);
    const digest mac = key.authenticate(message);
    const std::string_view mac_bytes{reinterpret_cast<const char*>(mac.data()), mac.size()};
    return {{"webhook-id", std::string{id}},
            {"webhook-timestamp", timestamp},
            {"webhook-signature", "v1," + to_base64(mac_bytes)}};
}

} // namespace outreachd::handlers
