#include "handlers/outreach/json_text.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

constexpr std::string_view white = " \t\r\n";

/// Where the value ends that begins at `at`: behind it, at a comma, a bracket that closes what is around it,
/// a colon, or the text's end. Without recursion: nesting is counted.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    bool is_in_string = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (is_in_string) {
            if (c == '\\')
                ++at;
            is_in_string = c != '"';
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return at;
            --depth;
        } else if (depth == 0 && (c == ',' || c == ':')) {
            return at;
        }
    }
    return std::min(at, text.size());
}

/// Calls `take` with each piece between the brackets that is cut off by a comma, a colon or the end.
template <typename Take>
void for_each_piece(std::string_view text, char opening, Take take) {
    text = trimmed(text, white);
    if (text.size() < 2 || text.front() != opening)
        return;
    for (std::size_t at = 1; at < text.size();) {
        const std::size_t end = end_of_value(text, at);
        const std::string_view piece = trimmed(text.substr(at, end - at), white);
        if (!piece.empty()) // an empty array or object
            take(piece);
        at = end + 1;
    }
}

} // namespace

std::string_view member_text(std::string_view object, std::string_view key) {
    std::string_view found;
    std::string_view name;
    for_each_piece(object, '{', [&](std::string_view piece) {
        if (name.empty()) {
            name = piece; // in its quotes, so never empty
            return;
        }
        if (name.substr(1, name.size() - 2) == key)
            found = piece;
        name = {};
    });
    return found;
}

std::vector<std::string_view> element_texts(std::string_view array) {
    std::vector<std::string_view> elements;
    for_each_piece(array, '[', [&](std::string_view piece) { elements.push_back(piece); });
    return elements;
}

} // namespace outreachd::handlers::outreach
