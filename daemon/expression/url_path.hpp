/// Where a result stands in a URL's path, and whether it may.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace outreachd::expression {

/// A part of a text: the bytes from `begin` up to `end`.
struct text_range {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Why a URL, or a path, isn't used whose `results` were put in percent-encoded: a segment of its path with
/// a result in it is empty, `.` or `..` (RFC 3986, section 3.3), and so would ask for something else than
/// was meant. Encoding doesn't help there: the dot is unreserved, and `%2E` means the same. Nothing where it
/// is sound.
std::optional<std::string> find_path_fault(std::string_view url, std::span<const text_range> results);

} // namespace outreachd::expression
