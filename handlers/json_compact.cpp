/// JSON on one line, without reading its meaning.
#include "handlers/json_compact.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <limits>

namespace outreachd::handlers {

namespace {

/// Takes every value and keeps none: what is left of parsing is the check.
struct ignore_values {
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    using error = boost::system::error_code;
    using text = boost::json::string_view;

    bool on_document_begin(error&) { return true; }

    bool on_document_end(error&) { return true; }

    bool on_object_begin(error&) { return true; }

    bool on_object_end(std::size_t, error&) { return true; }

    bool on_array_begin(error&) { return true; }

    bool on_array_end(std::size_t, error&) { return true; }

    bool on_key_part(text, std::size_t, error&) { return true; }

    bool on_key(text, std::size_t, error&) { return true; }

    bool on_string_part(text, std::size_t, error&) { return true; }

    bool on_string(text, std::size_t, error&) { return true; }

    bool on_number_part(text, error&) { return true; }

    bool on_int64(std::int64_t, text, error&) { return true; }

    bool on_uint64(std::uint64_t, text, error&) { return true; }

    bool on_double(double, text, error&) { return true; }

    bool on_bool(bool, error&) { return true; }

    bool on_null(error&) { return true; }

    bool on_comment_part(text, error&) { return true; }

    bool on_comment(text, error&) { return true; }
};

/// Far deeper than any real body. The parser calls itself for each level, so that the bound is what
/// keeps it within a thread's stack.
constexpr std::size_t nesting_depth_max = 512;

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

} // namespace

bool is_json(std::string_view text) {
    boost::json::parse_options strict;
    strict.max_depth = nesting_depth_max;
    boost::json::basic_parser<ignore_values> parser(strict);
    boost::system::error_code ec;
    const auto consumed = parser.write_some(false, text.data(), text.size(), ec);
    return !ec && consumed == text.size() && parser.done();
}

std::optional<std::string> json_compact(std::string_view text) {
    if (!is_json(text))
        return std::nullopt;
    std::string compact;
    compact.reserve(text.size());
    bool is_in_string = false;
    bool is_escaped = false;
    for (const char c : text) {
        if (!is_in_string && is_space(c))
            continue;
        compact.push_back(c);
        if (is_escaped)
            is_escaped = false;
        else if (is_in_string && c == '\\')
            is_escaped = true;
        else if (c == '"')
            is_in_string = !is_in_string;
    }
    return compact;
}

} // namespace outreachd::handlers
