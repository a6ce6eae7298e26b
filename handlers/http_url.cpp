#include "handlers/http_url.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <memory>

#include <curl/curl.h>

namespace outreachd::handlers {

namespace {

constexpr std::size_t shown_bytes_max = 256;

using parsed_url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part_of(const parsed_url& from, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(from.get(), part, &text, 0) != CURLUE_OK)
        return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned{text, curl_free};
    return text;
}

bool is_visible(char c) {
    return c > 0x20 && c < 0x7F;
}

/// A segment `.` or `..`; a dot may be written `%2e`, and servers know that.
bool has_dot_segment(std::string path) {
    path = to_lower(path);
    for (std::size_t at = path.find("%2e"); at != std::string::npos; at = path.find("%2e", at))
        path.replace(at, 3, ".");
    std::replace(path.begin(), path.end(), '\\', '/');
    path += '/';
    return path.find("/./") != std::string::npos || path.find("/../") != std::string::npos;
}

std::string shortened(std::string text) {
    if (text.size() <= shown_bytes_max)
        return text;
    text.resize(shown_bytes_max);
    return text + "...";
}

std::string origin_of(const parsed_url& from) {
    const std::string port = part_of(from, CURLUPART_PORT);
    return part_of(from, CURLUPART_SCHEME) + "://" + part_of(from, CURLUPART_HOST) +
           (port.empty() ? "" : ":" + port);
}

std::string shown(const parsed_url& from) {
    return shortened(origin_of(from) + part_of(from, CURLUPART_PATH));
}

http_url refuse(std::string why) {
    return {{}, {}, {}, {}, std::move(why)};
}

} // namespace

http_url read_http_url(const std::string& text) {
    if (!std::all_of(text.begin(), text.end(), is_visible))
        return refuse("holds a space, a control character or a letter beyond ASCII; percent-encode it");
    if (to_lower(text.substr(0, 7)) != "http://" && to_lower(text.substr(0, 8)) != "https://")
        return refuse("does not begin with http:// or https://");
    const parsed_url parsed{curl_url(), curl_url_cleanup};
    const CURLUcode code =
        curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return refuse("holds a user or a password; send them in a header");
    if (code != CURLUE_OK)
        return refuse(std::string{"is no URL: "} + curl_url_strerror(code));
    http_url read{part_of(parsed, CURLUPART_SCHEME),
                  to_lower(part_of(parsed, CURLUPART_HOST)),
                  shown(parsed),
                  shortened(origin_of(parsed)),
                  {}};
    if (read.host.starts_with('['))
        read.host = read.host.substr(1, read.host.size() - 2);
    if (has_dot_segment(part_of(parsed, CURLUPART_PATH)))
        return refuse("has a '.' or '..' in its path, which would lead out of it");
    return read;
}

std::string shown_location(std::string_view location, bool hides_path) {
    std::string text{location.substr(0, location.find_first_of("?#"))};
    std::erase_if(text, [](char c) { return !is_visible(c); });
    const parsed_url parsed{curl_url(), curl_url_cleanup};
    // What is in front of an '@' could be a password.
    if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        return hides_path ? shortened(origin_of(parsed)) : shown(parsed);
    return !hides_path && text.starts_with('/') && !text.starts_with("//") ? shortened(text) : std::string{};
}

} // namespace outreachd::handlers
