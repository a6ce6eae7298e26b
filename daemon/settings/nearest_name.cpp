#include "daemon/settings/nearest_name.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace outreachd::settings {

namespace {

/// Longer names are compared by their beginning.
constexpr std::size_t letters_max = 64;

/// Among more names than this none is looked for: a file with thousands of mistakes should be told of
/// them at once.
constexpr std::size_t known_max = 1000;

/// Optimal string alignment: the number of letters to insert, leave out, exchange, or swap with the next.
std::size_t distance(std::string_view left, std::string_view right) {
    using row = std::array<std::size_t, letters_max + 1>;
    row before_last{};
    row last{};
    row current{};
    for (std::size_t column = 0; column <= right.size(); ++column)
        last[column] = column;
    for (std::size_t line = 1; line <= left.size(); ++line) {
        current[0] = line;
        for (std::size_t column = 1; column <= right.size(); ++column) {
            const bool is_same = to_lower(left[line - 1]) == to_lower(right[column - 1]);
            std::size_t least = std::min(last[column], current[column - 1]) + 1;
            least = std::min(least, last[column - 1] + (is_same ? 0 : 1));
            if (line > 1 && column > 1 && to_lower(left[line - 1]) == to_lower(right[column - 2]) &&
                to_lower(left[line - 2]) == to_lower(right[column - 1]))
                least = std::min(least, before_last[column - 2] + 1);
            current[column] = least;
        }
        before_last = last;
        last = current;
    }
    return last[right.size()];
}

} // namespace

std::optional<std::string_view> nearest_name(std::string_view typed,
                                             std::span<const std::string_view> known) {
    if (known.size() > known_max)
        return std::nullopt;
    typed = typed.substr(0, letters_max);
    // A third of the letters may be wrong; more is another word.
    std::size_t least = typed.size() / 3 + 1;
    std::optional<std::string_view> nearest;
    for (const std::string_view name : known) {
        const std::size_t apart = distance(typed, name.substr(0, letters_max));
        if (apart < least || (apart == least && !nearest && apart < typed.size())) {
            least = apart;
            nearest = name;
        }
    }
    return nearest;
}

std::string suggestion(std::string_view typed, std::span<const std::string_view> known) {
    if (const auto nearest = nearest_name(typed, known))
        return "; did you mean '" + std::string{*nearest} + "'?";
    // A list of a hundred handlers helps nobody.
    constexpr std::size_t listed_max = 20;
    if (known.empty() || known.size() > listed_max)
        return {};
    std::string text = "; known are ";
    for (const std::string_view name : known)
        text += (name == known.front() ? "" : ", ") + std::string{name};
    return text;
}

} // namespace outreachd::settings
