/// The admin server's answers as bytes.
#include "daemon/admin/message.hpp"

#include "daemon/admin/json_writer.hpp"

namespace outreachd::admin {

namespace {

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

} // namespace

response json_answer(std::string body) {
    return {200, std::string{json_type}, std::move(body), {}};
}

response text_answer(unsigned status, std::string body) {
    return {status, std::string{text_type}, std::move(body), {}};
}

response error_answer(unsigned status, std::string_view what) {
    json_writer json;
    json.begin_object();
    json.member("error", what);
    json.end_object();
    return {status, std::string{json_type}, std::move(json).take(), {}};
}

std::string to_http(response what, bool is_head, bool keeps_alive) {
    std::string bytes = "HTTP/1.1 " + std::to_string(what.status) + ' ';
    bytes += reason_phrase(what.status);
    bytes += "\r\nContent-Type: " + what.content_type;
    bytes += "\r\nContent-Length: " + std::to_string(what.body.size());
    bytes.append("\r\nCache-Control: ").append(what.cache_control);
    bytes += "\r\nX-Content-Type-Options: nosniff\r\n";
    for (const auto& [name, value] : what.headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    bytes += keeps_alive ? "\r\n" : "Connection: close\r\n\r\n";
    if (!is_head)
        bytes += what.body;
    what.body = {};
    return bytes;
}

} // namespace outreachd::admin
