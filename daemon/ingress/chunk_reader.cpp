/// Takes the chunked coding off a body, one byte of it after the other but for the data.
#include "daemon/ingress/field_syntax.hpp"
#include "daemon/ingress/framing.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/hex_digit.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace outreachd::ingress {

namespace {

constexpr std::size_t size_digits_max = 16;

/// Fields that say how to read, route or trust the message; they come too late in a trailer
/// (RFC 9110 section 6.5.1), and a proxy that moves trailers into the head would make them count.
constexpr std::array<std::string_view, 15> forbidden_trailers{
    "contentlength", "transferencoding", "host",         "connection",      "expect",       "te",
    "trailer",       "upgrade",          "contenttype",  "contentencoding", "contentrange", "authorization",
    "cookie",        "maxforwards",      "cachecontrol",
};
/// What begins so is ours.
constexpr std::string_view our_prefix = "outreach";

} // namespace

void trailer_name::take(char c) noexcept {
    if (bytes_ < our_prefix.size()) {
        begins_with_ours_ = begins_with_ours_ && to_lower(c) == our_prefix[bytes_];
        ++bytes_;
    }
    if (letters_size_ < letters_.size() && is_letter_or_digit(static_cast<unsigned char>(c)))
        letters_[letters_size_++] = c;
}

bool trailer_name::is_forbidden() const noexcept {
    const std::string_view name(letters_.data(), letters_size_);
    return (begins_with_ours_ && bytes_ == our_prefix.size()) ||
           std::any_of(forbidden_trailers.begin(), forbidden_trailers.end(),
                       [name](std::string_view letters) { return resembles(name, letters); });
}

chunk_reader::state chunk_reader::read(std::string_view& bytes, std::string& body) {
    while (!bytes.empty() && step_ < step::complete) {
        if (step_ == step::data) {
            take_data(bytes, body);
            continue;
        }
        const char c = bytes.front();
        bytes.remove_prefix(1);
        take(c);
    }
    if (step_ == step::refused)
        return state::refused;
    return step_ == step::complete ? state::complete : state::incomplete;
}

void chunk_reader::take_data(std::string_view& bytes, std::string& body) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
    body.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    remaining_ -= size;
    if (remaining_ == 0)
        step_ = step::data_return;
}

void chunk_reader::take(char c) {
    switch (step_) {
    case step::size:
        return take_size(c);
    case step::extension_name:
    case step::extension_value:
    case step::extension_token:
    case step::quoted:
    case step::quoted_pair:
    case step::quoted_end:
        return take_extension(c);
    case step::size_line_feed:
        if (c != '\n')
            return refuse(errc::malformed_http, "a chunk's size line does not end in CRLF");
        return end_size_line();
    case step::data_return:
    case step::data_line_feed:
        return take_data_end(c);
    case step::trailer_start:
    case step::trailer_name:
    case step::trailer_value:
    case step::trailer_line_feed:
    case step::end_line_feed:
        return take_trailer(c);
    case step::data:
    case step::complete:
    case step::refused:
        return;
    }
}

void chunk_reader::take_size(char c) {
    if (const auto digit = hex_digit(c)) {
        if (++part_bytes_ > size_digits_max)
            return refuse(errc::malformed_http, "a chunk's size has more than 16 digits");
        remaining_ = remaining_ << 4 | *digit;
        return;
    }
    if (part_bytes_ == 0)
        return refuse(errc::malformed_http, "a chunk's size is no hexadecimal number");
    take_after_extension(c);
}

/// One byte of `;name`, `;name=token` or `;name="text"`.
void chunk_reader::take_extension(char c) {
    if (++extension_bytes_ > trailer_bytes_max_)
        return refuse(errc::head_too_large, "the extensions of the chunks are over the limit");
    switch (step_) {
    case step::extension_name:
        if (token_bytes.has(c)) {
            ++part_bytes_;
            return;
        }
        if (part_bytes_ == 0)
            break;
        if (c == '=') {
            step_ = step::extension_value;
            return;
        }
        return take_after_extension(c);
    case step::extension_value:
        if (c != '"' && !token_bytes.has(c))
            break;
        step_ = c == '"' ? step::quoted : step::extension_token;
        return;
    case step::extension_token:
        if (token_bytes.has(c))
            return;
        return take_after_extension(c);
    case step::quoted:
        if (!value_bytes.has(c))
            break;
        if (c == '"')
            step_ = step::quoted_end;
        else if (c == '\\')
            step_ = step::quoted_pair;
        return;
    case step::quoted_pair:
        if (!value_bytes.has(c))
            break;
        step_ = step::quoted;
        return;
    default:
        return take_after_extension(c);
    }
    refuse(errc::malformed_http, "a chunk's extension is malformed");
}

/// Behind a size or a whole extension: another extension, or the end of the line.
void chunk_reader::take_after_extension(char c) {
    if (c == ';') {
        part_bytes_ = 0;
        step_ = step::extension_name;
    } else if (c == '\r') {
        step_ = step::size_line_feed;
    } else {
        refuse(errc::malformed_http, "something other than an extension follows a chunk's size");
    }
}

void chunk_reader::end_size_line() {
    if (remaining_ == 0) {
        step_ = step::trailer_start;
        return;
    }
    if (remaining_ > body_bytes_max_ - body_bytes_)
        return refuse(errc::body_too_large, "the body is over the limit");
    body_bytes_ += remaining_;
    step_ = step::data;
}

void chunk_reader::take_data_end(char c) {
    if (c != (step_ == step::data_return ? '\r' : '\n'))
        return refuse(errc::malformed_http, "a chunk's data does not end where its size says");
    if (step_ == step::data_return) {
        step_ = step::data_line_feed;
        return;
    }
    part_bytes_ = 0;
    step_ = step::size;
}

/// One byte behind the last chunk: header lines that count for nothing, and the empty line.
void chunk_reader::take_trailer(char c) {
    if (++trailer_bytes_ > trailer_bytes_max_)
        return refuse(errc::head_too_large, "the trailers are over the limit");
    switch (step_) {
    case step::trailer_start:
        if (c == '\r') {
            step_ = step::end_line_feed;
            return;
        }
        if (!token_bytes.has(c))
            break;
        trailer_name_.begin();
        trailer_name_.take(c);
        step_ = step::trailer_name;
        return;
    case step::trailer_name:
        if (token_bytes.has(c)) {
            trailer_name_.take(c);
            return;
        }
        if (c != ':')
            break;
        if (trailer_name_.is_forbidden())
            return refuse(errc::malformed_http, "a trailer that only means something as a header");
        step_ = step::trailer_value;
        return;
    case step::trailer_value:
        if (value_bytes.has(c))
            return;
        if (c != '\r')
            break;
        step_ = step::trailer_line_feed;
        return;
    case step::trailer_line_feed:
        if (c != '\n')
            break;
        step_ = step::trailer_start;
        return;
    default:
        if (c != '\n')
            break;
        step_ = step::complete;
        return;
    }
    refuse(errc::malformed_http, "a trailer is malformed");
}

void chunk_reader::refuse(errc code, const char* reason) {
    refusal_ = {code, reason};
    step_ = step::refused;
}

} // namespace outreachd::ingress
