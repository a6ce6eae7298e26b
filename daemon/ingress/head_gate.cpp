/// Judges the request line and the header section, one byte after the other, each once.
#include "daemon/event/outreach_headers.hpp"
#include "daemon/ingress/field_syntax.hpp"
#include "daemon/ingress/framing.hpp"
#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace outreachd::ingress {

namespace {

/// A fragment is never sent, and everything outside visible ASCII must be percent-encoded.
constexpr byte_set target_bytes{[](unsigned char c) { return c > 0x20 && c < 0x7F && c != '#'; }};

constexpr byte_set host_bytes{
    [](unsigned char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }};

constexpr byte_set address_bytes{[](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}};

constexpr std::string_view version_1_1 = "HTTP/1.1";
constexpr std::size_t version_minor_at = version_1_1.size() - 1;

bool consists_of(std::string_view text, const byte_set& members) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [&members](char c) { return members.has(c); });
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// A name or a bracketed address, and perhaps a port.
bool is_host(std::string_view value) noexcept {
    std::string_view rest = value;
    if (value.starts_with('[')) {
        const std::size_t end = value.find(']');
        if (end == std::string_view::npos || !consists_of(value.substr(1, end - 1), address_bytes))
            return false;
        rest.remove_prefix(end + 1);
    } else {
        const std::string_view name = value.substr(0, value.find(':'));
        if (!consists_of(name, host_bytes))
            return false;
        rest.remove_prefix(name.size());
    }
    if (rest.empty())
        return true;
    return rest.starts_with(':') && rest.size() <= 6 && std::all_of(rest.begin() + 1, rest.end(), is_digit);
}

/// Digits alone, at most 19 of them, and nothing that a signed 64-bit counter could not hold.
std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept {
    if (value.empty() || value.size() > 19 || !std::all_of(value.begin(), value.end(), is_digit))
        return std::nullopt;
    std::uint64_t length = 0;
    for (const char c : value)
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    if (length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
    return length;
}

/// Names that a front proxy may read as one of the fields that frame or route a request, and that
/// we would not.
bool is_look_alike(std::string_view name) noexcept {
    return resembles(name, "contentlength") || resembles(name, "transferencoding") || resembles(name, "host");
}

/// Takes the first element, perhaps an empty one, off a list (RFC 9110 section 5.6.1).
std::string_view take_element(std::string_view& list) noexcept {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view element = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    return element;
}

bool is_token_list(std::string_view list) noexcept {
    while (!list.empty()) {
        const std::string_view element = take_element(list);
        if (!element.empty() && !consists_of(element, token_bytes))
            return false;
    }
    return true;
}

} // namespace

head_state head_gate::look(std::string_view bytes) {
    const std::string_view allowed = bytes.substr(0, head_bytes_max_);
    while (scanned_ < allowed.size() && step_ < step::complete)
        advance(allowed);
    if (step_ < step::complete && scanned_ >= head_bytes_max_)
        refuse(errc::head_too_large, "the request line and the headers are over the limit");
    if (step_ == step::refused)
        return head_state::refused;
    if (step_ != step::complete)
        return head_state::incomplete;
    fill_head(bytes);
    return head_state::complete;
}

void head_gate::reset() {
    scanned_ = 0;
    part_begin_ = 0;
    step_ = step::method;
    seen_ = {};
    fields_.clear();
    std::vector<head_field> emptied = std::move(head_.fields); // keeps its capacity
    emptied.clear();
    head_ = {};
    head_.fields = std::move(emptied);
    refusal_ = {};
}

/// Takes at least one byte, or refuses.
void head_gate::advance(std::string_view bytes) {
    switch (step_) {
    case step::method:
        return take_method(bytes);
    case step::target_start:
    case step::target:
        return take_target(bytes);
    case step::version:
        return take_version(bytes);
    case step::line_start:
        return take_line_start(bytes);
    case step::name:
        return take_name(bytes);
    case step::value:
        return take_value(bytes);
    case step::request_line_feed:
    case step::field_line_feed:
    case step::head_line_feed:
        return take_line_feed(bytes);
    case step::complete:
    case step::refused:
        return;
    }
}

void head_gate::take_method(std::string_view bytes) {
    while (scanned_ < bytes.size() && token_bytes.has(bytes[scanned_]))
        ++scanned_;
    if (scanned_ == bytes.size())
        return;
    const char c = bytes[scanned_];
    if (scanned_ == 0 && (c == '\r' || c == '\n'))
        return refuse(errc::malformed_http, "an empty line before the request line");
    if (scanned_ == 0 || c != ' ')
        return refuse(errc::malformed_http, "the method is no token followed by one space");
    method_ = {0, scanned_};
    part_begin_ = ++scanned_;
    step_ = step::target_start;
}

void head_gate::take_target(std::string_view bytes) {
    if (step_ == step::target_start) {
        if (bytes[scanned_] != '/')
            return refuse(errc::malformed_http, "the target does not begin with a slash");
        step_ = step::target;
    }
    while (scanned_ < bytes.size() && target_bytes.has(bytes[scanned_]))
        ++scanned_;
    if (scanned_ == bytes.size())
        return;
    if (bytes[scanned_] != ' ')
        return refuse(errc::malformed_http,
                      "the target holds a byte that it must not, or no version follows");
    target_ = {part_begin_, scanned_ - part_begin_};
    part_begin_ = ++scanned_;
    step_ = step::version;
}

void head_gate::take_version(std::string_view bytes) {
    const char c = bytes[scanned_];
    const std::size_t at = scanned_ - part_begin_;
    if (at == version_1_1.size()) {
        if (c != '\r')
            return refuse(errc::malformed_http, "something follows the version");
        step_ = step::request_line_feed;
    } else if (at == version_minor_at && (c == '0' || c == '1')) {
        head_.is_http_1_1 = c == '1';
    } else if (c != version_1_1[at]) {
        return refuse(errc::malformed_http, "the version is neither HTTP/1.1 nor HTTP/1.0");
    }
    ++scanned_;
}

void head_gate::take_line_start(std::string_view bytes) {
    const char c = bytes[scanned_];
    if (c == '\r') {
        ++scanned_;
        step_ = step::head_line_feed;
        return;
    }
    if (is_white_space(c))
        return refuse(errc::malformed_http, "a header line begins with white space");
    if (c == '\n')
        return refuse(errc::malformed_http, "a line feed without a carriage return");
    if (c == ':')
        return refuse(errc::malformed_http, "a header without a name");
    part_begin_ = scanned_;
    step_ = step::name;
}

void head_gate::take_name(std::string_view bytes) {
    while (scanned_ < bytes.size() && token_bytes.has(bytes[scanned_]))
        ++scanned_;
    if (scanned_ == bytes.size())
        return;
    const char c = bytes[scanned_];
    if (is_white_space(c))
        return refuse(errc::malformed_http, "white space before a header's colon");
    if (c != ':')
        return refuse(errc::malformed_http, "a header's name holds a byte that it must not");
    name_ = {part_begin_, scanned_ - part_begin_};
    part_begin_ = ++scanned_;
    step_ = step::value;
}

void head_gate::take_value(std::string_view bytes) {
    while (scanned_ < bytes.size() && value_bytes.has(bytes[scanned_]))
        ++scanned_;
    if (scanned_ == bytes.size())
        return;
    const char c = bytes[scanned_];
    if (c == '\n')
        return refuse(errc::malformed_http, "a line feed without a carriage return");
    if (c != '\r')
        return refuse(errc::malformed_http, "a control byte in a header's value");
    ++scanned_;
    step_ = step::field_line_feed;
}

void head_gate::take_line_feed(std::string_view bytes) {
    if (bytes[scanned_] != '\n')
        return refuse(errc::malformed_http, "a carriage return without a line feed");
    ++scanned_;
    if (step_ == step::head_line_feed)
        return end_head();
    const bool is_field = step_ == step::field_line_feed;
    step_ = step::line_start;
    if (is_field)
        end_field(bytes);
}

void head_gate::end_field(std::string_view bytes) {
    if (fields_.size() == head_fields_max)
        return refuse(errc::head_too_large, "more headers than anybody sends");
    const std::string_view whole = bytes.substr(part_begin_, scanned_ - part_begin_ - 2);
    const std::string_view value = trimmed(whole);
    const auto value_begin = static_cast<std::size_t>(value.data() - bytes.data());
    fields_.push_back({name_, {value_begin, value.size()}});
    if (const char* reason = judge({bytes.substr(name_.begin, name_.size), value}))
        refuse(errc::malformed_http, reason);
}

/// Nothing where the field may stand, else why not.
const char* head_gate::judge(const head_field& field) {
    const auto [name, value] = field;
    if (is_same_in_any_case(name, "host")) {
        if (std::exchange(seen_.host, true))
            return "Host is there twice";
        return is_host(value) ? nullptr : "Host is not a host";
    }
    if (is_same_in_any_case(name, "content-length")) {
        if (std::exchange(seen_.content_length, true))
            return "Content-Length is there twice";
        if (seen_.transfer_encoding)
            return "Content-Length beside Transfer-Encoding";
        const auto length = parse_content_length(value);
        if (!length)
            return "Content-Length is not a number, or is out of range";
        head_.framing = body_framing::length;
        head_.content_length = *length;
        return nullptr;
    }
    if (is_same_in_any_case(name, "transfer-encoding")) {
        if (std::exchange(seen_.transfer_encoding, true))
            return "Transfer-Encoding is there twice";
        if (seen_.content_length)
            return "Content-Length beside Transfer-Encoding";
        if (!head_.is_http_1_1)
            return "Transfer-Encoding in HTTP/1.0";
        if (!is_same_in_any_case(value, "chunked"))
            return "Transfer-Encoding is not chunked, and chunked alone";
        head_.framing = body_framing::chunked;
        return nullptr;
    }
    if (is_same_in_any_case(name, "connection"))
        return judge_connection(value);
    // It means nothing here, but old proxies read it like Connection, and Beast does.
    if (is_same_in_any_case(name, "proxy-connection"))
        return is_token_list(value) ? nullptr : "Proxy-Connection holds something that is no token";
    if (is_same_in_any_case(name, "expect")) {
        if (std::exchange(seen_.expect, true))
            return "Expect is there twice";
        head_.expects_continue = head_.is_http_1_1;
        return is_same_in_any_case(value, "100-continue") ? nullptr : "Expect is not 100-continue";
    }
    if (is_look_alike(name))
        return "a header's name resembles Content-Length, Transfer-Encoding or Host";
    return nullptr;
}

/// A proxy takes away the headers that `Connection` names. Ours that decide something must not be
/// among them: the sender and we would see different requests.
const char* head_gate::judge_connection(std::string_view options) {
    if (!is_token_list(options))
        return "Connection holds something that is no token";
    while (!options.empty()) {
        const std::string_view option = take_element(options);
        if (is_look_alike(option) || is_same_in_any_case(option, signature_header))
            return "Connection names a header that must not be dropped";
        seen_.close = seen_.close || is_same_in_any_case(option, "close");
        seen_.keep_alive = seen_.keep_alive || is_same_in_any_case(option, "keep-alive");
    }
    return nullptr;
}

void head_gate::end_head() {
    if (head_.is_http_1_1 && !seen_.host)
        return refuse(errc::malformed_http, "Host is missing");
    head_.is_keep_alive = !seen_.close && (head_.is_http_1_1 || seen_.keep_alive);
    head_.bytes = scanned_;
    step_ = step::complete;
}

void head_gate::fill_head(std::string_view bytes) {
    const auto at = [bytes](place part) { return bytes.substr(part.begin, part.size); };
    head_.method = at(method_);
    head_.target = at(target_);
    head_.fields.clear();
    for (const field_place& field : fields_)
        head_.fields.push_back({at(field.name), at(field.value)});
}

void head_gate::refuse(errc code, const char* reason) {
    refusal_ = {code, reason};
    step_ = step::refused;
}

} // namespace outreachd::ingress
