/// Answers as JSON:API wants them, and as bytes.
#include "daemon/sandbox/message.hpp"

#include "daemon/text/ascii.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 302:
        return "Found";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return status < 500 ? "As Told" : "Internal Server Error";
    }
}

} // namespace

std::string_view request::bearer() const {
    const std::string_view given = header("authorization");
    constexpr std::string_view scheme = "bearer ";
    if (given.size() < scheme.size() || !is_same_in_any_case(given.substr(0, scheme.size()), scheme))
        return {};
    return trimmed(given.substr(scheme.size()));
}

response json_api_answer(unsigned status, const json::value& document) {
    return {status, std::string{json_api_type}, json::serialize(document)};
}

response json_answer(unsigned status, const json::value& document) {
    return {status, std::string{json_type}, json::serialize(document)};
}

response text_answer(unsigned status, std::string body) {
    return {status, std::string{text_type}, std::move(body)};
}

response html_answer(unsigned status, std::string body) {
    return {status, std::string{html_type}, std::move(body)};
}

response no_content() {
    return {204, {}, {}};
}

response to_response(const refusal& why) {
    json::object error{{"id", why.id}, {"title", why.title}};
    // Contract 6.28: the one example of a 415 spells it so.
    error[why.status == 415 ? "details" : "detail"] = why.detail;
    if (!why.pointer.empty())
        error["source"] = json::object{{"pointer", why.pointer}};
    else if (!why.parameter.empty())
        error["source"] = json::object{{"parameter", why.parameter}};
    return json_api_answer(why.status, json::object{{"errors", json::array{std::move(error)}}});
}

refusal invalid(std::string pointer, std::string detail) {
    return {422, "validationError", "Validation Error", std::move(detail), std::move(pointer)};
}

refusal invalid_parameter(std::string parameter, std::string detail) {
    return {422, "validationError", "Validation Error", std::move(detail), {}, std::move(parameter)};
}

refusal not_found(std::string detail) {
    return {404, "resourceNotFound", "Resource Not Found", std::move(detail)};
}

json::object parse_object(std::string_view body) {
    boost::system::error_code ec;
    json::value read = json::parse(body, ec);
    if (ec || !read.is_object())
        throw refusal{400, "malformedDocument", "Bad Request", "The body isn't a JSON object."};
    return std::move(read.get_object());
}

std::string to_http(const response& what, bool is_head, bool keeps_alive) {
    std::string bytes = "HTTP/1.1 " + std::to_string(what.status) + ' ';
    bytes.append(reason_phrase(what.status)).append("\r\n");
    if (!what.content_type.empty())
        bytes.append("Content-Type: ").append(what.content_type).append("\r\n");
    if (what.status != 204)
        bytes.append("Content-Length: ").append(std::to_string(what.body.size())).append("\r\n");
    for (const auto& [name, value] : what.headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    bytes += keeps_alive ? "\r\n" : "Connection: close\r\n\r\n";
    if (!is_head && what.status != 204)
        bytes += what.body;
    return bytes;
}

} // namespace outreachd::sandbox
