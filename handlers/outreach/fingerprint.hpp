/// Texts by which secrets are compared without being kept, and hidden without being shown.
#pragma once

#include "daemon/crypto/secret.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace outreachd::handlers::outreach {

/// 32 hexadecimal digits of the SHA-256 over all fields. Empty where all of them are.
std::string fingerprint(std::initializer_list<std::string_view> fields);

/// `text` with `[hidden]` in place of each of `secrets`: for words from outside, which may repeat what was
/// sent. Secrets under four bytes hide nothing that is worth it, and are left.
std::string without_secrets(std::string text, std::initializer_list<std::string_view> secrets);

} // namespace outreachd::handlers::outreach
