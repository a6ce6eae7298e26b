/// A request and an answer of the sandbox, without the library that reads and writes them.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::sandbox {

struct request {
    std::string method;
    std::string target;                         ///< Path and query, as they came.
    std::map<std::string, std::string> headers; ///< Names in lower case.
    std::string body;
    std::string origin; ///< `http://HOST:PORT` by which the client knows us.

    std::string_view path() const noexcept { return std::string_view{target}.substr(0, target.find('?')); }

    std::string_view query() const noexcept {
        const auto mark = target.find('?');
        return mark == std::string::npos ? std::string_view{} : std::string_view{target}.substr(mark + 1);
    }

    /// Empty where there is none. `name` in lower case.
    std::string_view header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string_view{} : std::string_view{found->second};
    }

    /// What stands behind `Bearer`, or nothing.
    std::string_view bearer() const;
};

struct response {
    unsigned status = 200;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers{}; ///< Beyond those that every answer has.
};

inline constexpr std::string_view json_api_type = "application/vnd.api+json";
inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";
inline constexpr std::string_view html_type = "text/html; charset=utf-8";

response json_api_answer(unsigned status, const boost::json::value& document);
response json_answer(unsigned status, const boost::json::value& document);
response text_answer(unsigned status, std::string body);
response html_answer(unsigned status, std::string body);
response no_content();

/// Why a request isn't done, as JSON:API says it (contract 6.28).
///
/// It is thrown, unlike other refusals of the program: what is wrong with a document is found many calls
/// deep, no state has been changed by then, and all of it ends as one answer, in one place.
struct refusal {
    unsigned status = 422;
    std::string id;
    std::string title;
    std::string detail;
    std::string pointer{};   ///< Into the document that was sent. Empty: none.
    std::string parameter{}; ///< Of the query. Empty: none.
};

response to_response(const refusal& why);

/// 422, `validationError`.
refusal invalid(std::string pointer, std::string detail);
refusal invalid_parameter(std::string parameter, std::string detail);
/// 404, `resourceNotFound`.
refusal not_found(std::string detail);

/// The object that `body` is. Throws refusal, 400.
boost::json::object parse_object(std::string_view body);

/// All of an answer as it is sent. `is_head`: without its body, though with its length.
std::string to_http(const response& what, bool is_head, bool keeps_alive);

} // namespace outreachd::sandbox
