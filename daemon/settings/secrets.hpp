/// Reads a secret from where the configuration says it is.
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/settings/scalar_reader.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace outreachd::settings {

/// Above any key or token.
inline constexpr std::size_t secret_bytes_max = 64UL * 1024;

/// A string, `{env: NAME}`, `{file: PATH}` or `{credential: NAME}`; never empty. What is said about it
/// names its place and never its text. Where `is_harmless` says so, a string is no secret really, and nobody
/// is warned that it stands in the file.
std::optional<secret> read_secret(const value_ref& value,
                                  bool (*is_harmless)(std::string_view text) = nullptr);

/// The value is the path of the secret's file.
std::optional<secret> read_secret_file(const value_ref& value);

} // namespace outreachd::settings
