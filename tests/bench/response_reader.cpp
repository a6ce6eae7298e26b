#include "tests/bench/response_reader.hpp"

#include <algorithm>
#include <charconv>

namespace outreachd::bench {

namespace {

constexpr std::size_t head_bytes_max = 16 * 1024;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view without_spaces(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    return ec == std::errc{} && end == text.data() + text.size();
}

} // namespace

void response_reader::restart() {
    head_.clear();
    is_in_body_ = has_length_ = closes_connection_ = false;
    body_bytes_left_ = 0;
    status_ = 0;
}

response_reader::state response_reader::feed(std::string_view bytes) {
    if (!is_in_body_) {
        // The end may straddle two reads: look back by what could be its beginning.
        const auto searched_from = head_.size() < head_end.size() ? 0 : head_.size() - head_end.size() + 1;
        const auto known = head_.size();
        head_ += bytes;
        const auto end = head_.find(head_end, searched_from);
        if (end == std::string::npos) {
            return head_.size() > head_bytes_max ? state::malformed : state::incomplete;
        }
        if (!read_head(std::string_view{head_}.substr(0, end + line_end.size()))) {
            return state::malformed;
        }
        is_in_body_ = true;
        bytes.remove_prefix(end + head_end.size() - known);
    }
    if (bytes.size() > body_bytes_left_) {
        return state::malformed;
    }
    body_bytes_left_ -= bytes.size();
    return body_bytes_left_ == 0 ? state::complete : state::incomplete;
}

/// `head` is the status line and the header lines, each with its line end.
bool response_reader::read_head(std::string_view head) {
    constexpr std::string_view version = "HTTP/1.1 ";
    if (!head.starts_with(version) || !read_number(head.substr(version.size(), 3), status_)) {
        return false;
    }
    head.remove_prefix(head.find(line_end) + line_end.size());
    while (!head.empty()) {
        const auto end = head.find(line_end);
        if (!read_field(head.substr(0, end))) {
            return false;
        }
        head.remove_prefix(end + line_end.size());
    }
    return has_length_ || status_ == 204;
}

bool response_reader::read_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    const auto name = line.substr(0, colon);
    const auto value = without_spaces(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-length")) {
        has_length_ = true;
        return read_number(value, body_bytes_left_);
    }
    if (equals_ignoring_case(name, "connection")) {
        closes_connection_ = equals_ignoring_case(value, "close");
    }
    return !equals_ignoring_case(name, "transfer-encoding");
}

} // namespace outreachd::bench
