/// Proofs by cryptography: an app's JWT (contract 7.17, 7.18), an uploaded file's hash, PKCE.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

/// Why `jwt` doesn't hold; empty where it does: RS256, signed with one of `public_keys` (PEM; none: whoever
/// signed it), issued by `guid`, not expired, not from the future.
std::string check_app_token(std::string_view jwt, std::string_view guid,
                            const std::vector<std::string>& public_keys, wall_time now);

/// Whether that is an RSA public key in PEM.
bool is_public_key(const std::string& pem);

/// SHA-512 in lower-case hex; HMAC-SHA512 where there is a key.
std::string upload_hash(std::string_view bytes, const std::string& key);

/// SHA-256 in base64url, as PKCE has it.
std::string code_challenge(std::string_view verifier);

} // namespace outreachd::sandbox
