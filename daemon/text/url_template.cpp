#include "daemon/text/url_template.hpp"

#include "daemon/text/expression_end.hpp"

#include <algorithm>

namespace outreachd {

namespace {

/// Where the path, the query or the fragment begins; the end where none does.
std::size_t authority_end(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos)
        return url.size();
    return std::min(url.size(), url.find_first_of("/?#", scheme_end + 3));
}

} // namespace

url_template read_url_template(std::string_view text) {
    url_template read;
    std::size_t first_expression = std::string_view::npos;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = text.find(expression_begin, at);
        const auto end = begin == std::string_view::npos
                             ? std::nullopt
                             : find_expression_end(text, begin + expression_begin.size());
        if (!end) {
            read.blanked += text.substr(at);
            break;
        }
        read.blanked += text.substr(at, begin - at);
        first_expression = std::min(first_expression, read.blanked.size());
        read.blanked += '1';
        read.is_whole_expression = begin == 0 && *end == text.size();
        at = *end;
    }
    read.has_expression = first_expression != std::string_view::npos;
    read.has_host_expression = read.has_expression && first_expression < authority_end(read.blanked);
    return read;
}

} // namespace outreachd
