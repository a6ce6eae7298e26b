/// Reads what `send` needs to know and takes no more on trust.
#include "daemon/command_line/http_answer_head.hpp"

#include "daemon/text/ascii.hpp"
#include "daemon/text/number.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace outreachd::command_line {

namespace {

/// The status of `HTTP/1.1 200 OK`; 0 where the line is anything else.
int status_of(std::string_view line) {
    int status = 0;
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ')
        return 0;
    const auto [stop, failure] = std::from_chars(line.data() + 9, line.data() + 12, status);
    return failure == std::errc{} && stop == line.data() + 12 && status >= 100 ? status : 0;
}

http_answer_head read_fields(std::string_view fields, int status, bool is_http_1_1) {
    http_answer_head head;
    head.status = status;
    head.is_reusable = is_http_1_1;
    bool has_length = status == 204 || status == 304;
    while (!fields.empty()) {
        const std::string_view line = fields.substr(0, fields.find("\r\n"));
        fields.remove_prefix(std::min(fields.size(), line.size() + 2));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos)
            continue;
        const std::string name = to_lower(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (name == "content-length") {
            const auto length = parse_number<decltype(head.body_bytes)>(value);
            head.body_bytes = length.value_or(0);
            has_length = length.has_value();
        } else if (name == "transfer-encoding" || (name == "connection" && to_lower(value) == "close")) {
            head.is_reusable = false;
        }
    }
    head.is_reusable = head.is_reusable && has_length;
    return head;
}

} // namespace

std::optional<http_answer_head> parse_answer_head(std::string_view received) {
    std::size_t skipped = 0;
    while (true) {
        const std::string_view rest = received.substr(skipped);
        const std::size_t end = rest.find("\r\n\r\n");
        if (end == std::string_view::npos)
            return std::nullopt;
        const std::size_t line_end = rest.find("\r\n");
        const int status = status_of(rest.substr(0, line_end));
        if (status == 0)
            return std::nullopt;
        if (status >= 200) {
            const std::string_view fields =
                line_end == end ? std::string_view{} : rest.substr(line_end + 2, end - line_end - 2);
            http_answer_head head = read_fields(fields, status, rest[7] == '1');
            head.bytes = skipped + end + 4;
            return head;
        }
        skipped += end + 4; // An interim answer, such as 100 Continue.
    }
}

} // namespace outreachd::command_line
