/// Whether there are expressions, and where one ends, in a text of the configuration.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace outreachd {

/// What begins an expression.
inline constexpr std::string_view expression_begin = "${{";

constexpr bool has_expression(std::string_view text) noexcept {
    return text.find(expression_begin) != std::string_view::npos;
}

/// Where the `}}` ends that closes the expression whose text begins at `begin`, behind its `${{`.
/// Braces are counted, those in jq strings are not, and those in an interpolation `\( … )` are again.
std::optional<std::size_t> find_expression_end(std::string_view text, std::size_t begin);

} // namespace outreachd
