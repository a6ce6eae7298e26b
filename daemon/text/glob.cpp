/// Globs, as routes use them.
#include "daemon/text/glob.hpp"

#include <cstddef>

namespace outreachd {

namespace {

struct set_match {
    bool is_set = false; ///< False: the `[` is an ordinary character.
    bool has = false;
    std::size_t length = 0; ///< Of the set in the pattern, brackets included.
};

bool is_between(char first, char c, char last) noexcept {
    const auto byte = [](char from) { return static_cast<unsigned char>(from); };
    return byte(first) <= byte(c) && byte(c) <= byte(last);
}

/// `pattern` begins with `[`.
set_match match_set(std::string_view pattern, char c) noexcept {
    std::size_t at = 1;
    const bool is_negated = at < pattern.size() && pattern[at] == '!';
    at += is_negated ? 1 : 0;
    bool has = false;
    for (const std::size_t first = at; at < pattern.size(); ++at) {
        if (pattern[at] == ']' && at != first)
            return {true, has != is_negated, at + 1};
        if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
            has = has || is_between(pattern[at], c, pattern[at + 2]);
            at += 2;
        } else {
            has = has || pattern[at] == c;
        }
    }
    return {};
}

/// How much of `pattern` takes the one character `c`; 0 where it doesn't.
std::size_t take_one(std::string_view pattern, char c) noexcept {
    if (pattern.empty())
        return 0;
    if (pattern.front() == '?')
        return 1;
    if (pattern.front() == '[') {
        if (const auto set = match_set(pattern, c); set.is_set)
            return set.has ? set.length : 0;
    }
    return pattern.front() == c ? 1 : 0;
}

} // namespace

/// Only the last `*` is ever tried again: an earlier one that took more could fit nothing that the
/// last can't.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
    std::string_view behind_star;
    std::string_view star_text;
    bool has_star = false;
    while (!text.empty()) {
        if (!pattern.empty() && pattern.front() == '*') {
            pattern.remove_prefix(1);
            behind_star = pattern;
            star_text = text;
            has_star = true;
        } else if (const auto taken = take_one(pattern, text.front()); taken != 0) {
            pattern.remove_prefix(taken);
            text.remove_prefix(1);
        } else if (has_star) {
            star_text.remove_prefix(1);
            text = star_text;
            pattern = behind_star;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*') == std::string_view::npos;
}

} // namespace outreachd
