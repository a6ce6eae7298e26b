#include "daemon/expression/url_path.hpp"

#include <algorithm>

namespace outreachd::expression {

namespace {

/// Where the path stands: behind the authority, up to the query or fragment.
text_range path_of(std::string_view url) {
    const std::size_t end = std::min(url.find_first_of("?#"), url.size());
    const std::size_t scheme = url.substr(0, end).find("://");
    if (scheme == std::string_view::npos)
        return {0, end};
    return {std::min(url.find('/', scheme + 3), end), end};
}

/// What clients and servers take for dots: `.` and `%2E`.
std::string with_dots(std::string_view segment) {
    std::string text;
    for (std::size_t at = 0; at < segment.size();) {
        const std::string_view rest = segment.substr(at);
        const bool is_encoded = rest.starts_with("%2E") || rest.starts_with("%2e");
        text += is_encoded ? '.' : rest.front();
        at += is_encoded ? 3 : 1;
    }
    return text;
}

} // namespace

std::optional<std::string> find_path_fault(std::string_view url, std::span<const text_range> results) {
    const text_range path = path_of(url);
    for (std::size_t begin = path.begin; begin <= path.end && begin <= url.size();) {
        const std::size_t end = std::min(url.find('/', begin), path.end);
        const bool has_result = std::any_of(results.begin(), results.end(), [&](const text_range& one) {
            return one.begin >= begin && one.end <= end;
        });
        if (has_result) {
            const std::string segment = with_dots(url.substr(begin, end - begin));
            if (segment.empty())
                return "a segment of the path would be empty";
            if (segment == "." || segment == "..")
                return "a segment of the path would be '" + segment + "', which names another path";
        }
        begin = end + 1;
    }
    return std::nullopt;
}

} // namespace outreachd::expression
