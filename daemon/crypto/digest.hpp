/// SHA-256, by which stored bytes are checked and repeats are known; SHA-512, which Outreach asks for of
/// uploads.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace outreachd {

using digest = std::array<std::uint8_t, 32>;

digest sha256(std::string_view bytes);

/// The digest of several fields, each preceded by its length, so that no two lists of fields read
/// the same.
digest sha256_of_fields(std::initializer_list<std::string_view> fields);

std::array<std::uint8_t, 64> sha512(std::string_view bytes);

} // namespace outreachd
