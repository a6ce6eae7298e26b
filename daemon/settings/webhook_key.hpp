/// Secrets as Standard Webhooks writes them.
#pragma once

#include "daemon/crypto/secret.hpp"

#include <cstddef>
#include <optional>

namespace outreachd::settings {

/// Standard Webhooks 1.0.0: a key has 24 to 64 bytes.
inline constexpr std::size_t webhook_key_bytes_min = 24;

/// The key that a secret stands for: behind `whsec_` it is in base64, with padding or without; any other
/// secret is the key itself, byte for byte, also where it could be read as base64. Nothing where what
/// follows `whsec_` is no base64, or empty.
std::optional<secret> webhook_key(const secret& written);

} // namespace outreachd::settings
