/// URLs as libcurl reads them: the reader that also connects, so that no two parsers can disagree.
#pragma once

#include <string>
#include <string_view>

namespace outreachd::handlers {

struct http_url {
    std::string scheme;  ///< `http` or `https`
    std::string host;    ///< In lower case, without brackets.
    std::string shown;   ///< `https://host:port/path`, for reasons: without the query, shortened.
    std::string origin;  ///< The same without the path.
    std::string problem; ///< Why it can't be used, without a word of it. Empty: it can.
};

/// Takes an absolute http or https URL in visible ASCII, without a user, and without `.` and `..` in its
/// path, however they are written: a value put into a path mustn't climb out of it. Any thread.
http_url read_http_url(const std::string& text);

/// Where a redirect points, for a reason: the same without the query, or the path of a relative one;
/// nothing that isn't visible ASCII. `hides_path`: the origin alone, and of a relative one nothing.
std::string shown_location(std::string_view location, bool hides_path = false);

} // namespace outreachd::handlers
