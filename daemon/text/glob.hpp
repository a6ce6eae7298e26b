/// Globs, as routes use them.
#pragma once

#include <string_view>

namespace outreachd {

/// Whether all of `text` fits `pattern`: `*` is any run of characters, dots included, `?` is one
/// character, `[abc]`, `[a-z]` and `[!abc]` are one of a set; `]` first in a set is itself, and a `[`
/// that nothing closes too. Characters are bytes, case counts. Takes time in proportion to the
/// product of the lengths at worst. Pure.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

} // namespace outreachd
