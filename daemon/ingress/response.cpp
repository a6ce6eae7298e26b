#include "daemon/ingress/response.hpp"

#include <array>
#include <cassert>
#include <cstdio>

namespace outreachd::ingress {
namespace {

struct row {
    request_outcome outcome;
    int status;
    std::string_view label;
    std::string_view status_line;
    std::string_view fields;
    bool must_close;
};

// In the order of the enumeration.
constexpr std::array table{
    row{request_outcome::accepted, 200, "accepted", "HTTP/1.1 200 OK\r\n", "", false},
    row{request_outcome::repeat, 200, "repeat", "HTTP/1.1 200 OK\r\n", "", false},
    row{request_outcome::unsigned_request, 401, "unsigned", "HTTP/1.1 401 Unauthorized\r\n", "", false},
    row{request_outcome::bad_signature, 401, "bad_signature", "HTTP/1.1 401 Unauthorized\r\n", "", false},
    row{request_outcome::not_found, 404, "not_found", "HTTP/1.1 404 Not Found\r\n", "", false},
    row{request_outcome::bad_method, 405, "bad_method", "HTTP/1.1 405 Method Not Allowed\r\n",
        "Allow: POST\r\n", false},
    row{request_outcome::body_too_large, 413, "too_large", "HTTP/1.1 413 Content Too Large\r\n", "", false},
    row{request_outcome::head_too_large, 431, "too_large", "HTTP/1.1 431 Request Header Fields Too Large\r\n",
        "", true},
    row{request_outcome::malformed, 400, "malformed", "HTTP/1.1 400 Bad Request\r\n", "", true},
    row{request_outcome::reset, 0, "reset", "", "", true},
};

const row& row_of(request_outcome outcome) noexcept {
    const row& found = table[static_cast<std::size_t>(outcome)];
    assert(found.outcome == outcome);
    return found;
}

/// The date changes once a second; each thread keeps the last one it wrote.
std::string_view date_of(wall_time now) {
    thread_local std::chrono::sys_seconds second{std::chrono::seconds{-1}};
    thread_local std::string text;
    const auto at = std::chrono::floor<std::chrono::seconds>(now);
    if (at != second || text.empty()) {
        text = to_http_date(now);
        second = at;
    }
    return text;
}

} // namespace

std::string_view to_label(request_outcome outcome) noexcept {
    return row_of(outcome).label;
}

int to_status(request_outcome outcome) noexcept {
    return row_of(outcome).status;
}

bool must_close(request_outcome outcome) noexcept {
    return row_of(outcome).must_close;
}

request_outcome to_outcome(error_code code) noexcept {
    if (code == errc::malformed_http)
        return request_outcome::malformed;
    if (code == errc::head_too_large)
        return request_outcome::head_too_large;
    if (code == errc::body_too_large)
        return request_outcome::body_too_large;
    if (code == errc::signature_missing)
        return request_outcome::unsigned_request;
    if (code == errc::signature_malformed || code == errc::signature_mismatch)
        return request_outcome::bad_signature;
    return request_outcome::reset;
}

std::string to_response(request_outcome outcome, connection_option option, wall_time now) {
    assert(outcome != request_outcome::reset);
    const row& found = row_of(outcome);
    std::string text;
    text.reserve(192);
    text += found.status_line;
    text += "Date: ";
    text += date_of(now);
    text += "\r\nContent-Length: 0\r\n";
    text += found.fields;
    if (option == connection_option::close)
        text += "Connection: close\r\n";
    else if (option == connection_option::keep_alive)
        text += "Connection: keep-alive\r\n";
    text += "\r\n";
    return text;
}

std::string to_http_date(wall_time time) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::weekday weekday{day};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
    std::array<char, 64> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", days[weekday.c_encoding()],
        static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

} // namespace outreachd::ingress
