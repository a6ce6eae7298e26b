/// Finds what can't stand in a text file.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace outreachd::settings {

/// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no overlong form,
/// no surrogate, nothing above U+10FFFF).
std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept;

/// The offset of the first control character; tab, LF and CR are none where `breaks_allowed`.
std::optional<std::size_t> find_control_character(std::string_view text, bool breaks_allowed) noexcept;

} // namespace outreachd::settings
