/// A request and an answer of the admin server, without the library that reads and writes them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::admin {

struct request {
    std::string method;
    std::string target;                      ///< Path and query, as they came.
    std::vector<std::string> hosts;          ///< The values of every Host header, in order.
    std::vector<std::string> authorizations; ///< The values of every Authorization header, in order.
    std::string content_type;                ///< Empty where there is none.
    std::string local_address; ///< Where the connection came in: an address without port or brackets.

    std::string_view path() const noexcept { return std::string_view{target}.substr(0, target.find('?')); }

    std::string_view query() const noexcept {
        const auto mark = target.find('?');
        return mark == std::string::npos ? std::string_view{} : std::string_view{target}.substr(mark + 1);
    }
};

struct response {
    unsigned status = 200;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers; ///< Beyond those that every answer has.
    std::string_view cache_control = "no-store";              ///< Data of a daemon that goes on is soon old.
};

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

/// Headers of a list whose search was ended early: the id and the time of receipt of what was looked at last.
inline constexpr const char* search_ended_at = "Search-Ended-At";
inline constexpr const char* search_ended_time = "Search-Ended-Time";

response json_answer(std::string body);
response text_answer(unsigned status, std::string body);
/// `{"error": "..."}`.
response error_answer(unsigned status, std::string_view what);

/// The whole answer as it is sent. `is_head`: without its body, though with its length. By value, so that
/// a large body is freed before the bytes are sent.
std::string to_http(response what, bool is_head, bool keeps_alive);

} // namespace outreachd::admin
