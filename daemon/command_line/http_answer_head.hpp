/// The head of an HTTP answer.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace outreachd::command_line {

struct http_answer_head {
    int status = 0;
    std::size_t bytes = 0;      ///< Of the head itself, the empty line and interim answers included.
    std::size_t body_bytes = 0; ///< By Content-Length.
    bool is_reusable = false;   ///< The end of the body is known, and the connection stays.
};

/// Nothing while `received` doesn't hold a whole head of a final answer, or where it is no HTTP/1.x.
std::optional<http_answer_head> parse_answer_head(std::string_view received);

} // namespace outreachd::command_line
