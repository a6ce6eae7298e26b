/// The framing gate: the one judge of where an HTTP/1.1 request begins and ends.
///
/// It stands before whatever HTTP library is linked, looks at the raw bytes, and takes only what two
/// correct parsers can't read differently (RFC 9112 sections 2 to 7, read strictly). Everything else
/// is `errc::malformed_http`: the answer is 400 and the connection closes.
#pragma once

#include "daemon/event/errc.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::ingress {

/// A field of the header section. Views into the bytes that were parsed.
struct head_field {
    std::string_view name;
    std::string_view value; ///< Without the white space around it.
};

enum class body_framing { none, length, chunked };

/// A request's line and header section, judged.
struct request_head {
    std::string_view method;
    std::string_view target;        ///< As it came, query included.
    bool is_http_1_1 = true;        ///< Else HTTP/1.0.
    std::vector<head_field> fields; ///< In order, none merged. Never trailers.
    body_framing framing = body_framing::none;
    std::uint64_t content_length = 0; ///< With `body_framing::length`.
    bool is_keep_alive = true;        ///< From the version and `Connection`.
    bool expects_continue = false;    ///< `Expect: 100-continue`, HTTP/1.1 only.
    std::size_t bytes = 0;            ///< Up to and including the empty line.
};

/// Why a request was refused: a constant for the log, never sent.
struct framing_refusal {
    errc code = errc::malformed_http; ///< malformed_http or head_too_large
    const char* reason = "";
};

enum class head_state {
    incomplete, ///< Correct so far; more bytes are needed.
    complete,   ///< `head` is filled.
    refused,    ///< `refusal` says why.
};

/// The shortest field takes 4 bytes of a head, and 64 here.
inline constexpr std::size_t head_fields_max = 256;

/// Judges the bytes of a connection from the first of a request on. Pure: no I/O, no allocation but
/// for the field list. A refusal comes as soon as the bytes that cause it are there, and is the same
/// however the bytes were cut up on their way.
///
/// Stricter than the RFC asks, on purpose: no empty line before the request line, origin-form targets
/// only (no absolute-form, no `*`), a Host of letters, digits and `-._~` or a bracketed address, no
/// other expectation than 100-continue.
class head_gate {
public:
    /// `head_bytes_max`: request line, fields and the empty line together.
    explicit head_gate(std::size_t head_bytes_max) : head_bytes_max_(head_bytes_max) {}

    /// Looks at all bytes that have come since the request began. Between calls `bytes` only grows
    /// at its end (it may move in memory). Work over all calls is linear in the bytes. The views in
    /// `head()` point into the `bytes` of the last call.
    head_state look(std::string_view bytes);

    const request_head& head() const noexcept { return head_; }

    const framing_refusal& refusal() const noexcept { return refusal_; }

    /// Beside the bytes that it looks at.
    std::size_t held_bytes() const noexcept { return fields_.capacity() * sizeof(field_place); }

    /// For the next request of the connection.
    void reset();

private:
    enum class step : std::uint8_t {
        method,
        target_start,
        target,
        version,
        request_line_feed,
        line_start,
        name,
        value,
        field_line_feed,
        head_line_feed,
        complete,
        refused,
    };

    /// Where a part of the head stands in `bytes`, which may move between calls.
    struct place {
        std::size_t begin = 0;
        std::size_t size = 0;
    };

    struct field_place {
        place name;
        place value;
    };

    /// What has been seen of the fields that decide the framing.
    struct seen_fields {
        bool host = false;
        bool content_length = false;
        bool transfer_encoding = false;
        bool expect = false;
        bool close = false;
        bool keep_alive = false;
    };

    void advance(std::string_view bytes);
    void take_method(std::string_view bytes);
    void take_target(std::string_view bytes);
    void take_version(std::string_view bytes);
    void take_line_start(std::string_view bytes);
    void take_name(std::string_view bytes);
    void take_value(std::string_view bytes);
    void take_line_feed(std::string_view bytes);
    void end_field(std::string_view bytes);
    const char* judge(const head_field& field);
    const char* judge_connection(std::string_view options);
    void end_head();
    void fill_head(std::string_view bytes);
    void refuse(errc code, const char* reason);

    std::size_t head_bytes_max_;
    std::size_t scanned_ = 0;
    std::size_t part_begin_ = 0; ///< Of the method, target, version, name or value being read.
    step step_ = step::method;
    seen_fields seen_;
    place method_;
    place target_;
    place name_;
    std::vector<field_place> fields_;
    request_head head_;
    framing_refusal refusal_;
};

/// A trailer's name, of which no more is kept than tells whether it may stand there: it comes from somebody
/// who isn't known yet, and may be as long as the trailer section.
class trailer_name {
public:
    void begin() noexcept { *this = {}; }

    void take(char c) noexcept;

    /// Whether it would mean something as a header: framing, routing, trust.
    bool is_forbidden() const noexcept;

private:
    std::array<char, 17> letters_{}; ///< And digits, the first ones: one more than the longest forbidden has.
    std::size_t letters_size_ = 0;
    std::size_t bytes_ = 0;
    bool begins_with_ours_ = true; ///< As far as it has come.
};

/// Takes the chunked coding off a body (RFC 9112 section 7.1), strictly: sizes are 1 to 16 hex digits,
/// lines end in CRLF, extensions are `;name`, `;name=token` or `;name="text"` without white space and
/// are thrown away, trailers are read, checked and thrown away. A trailer that would mean something as
/// a header (framing, routing, the signature) is malformed.
class chunk_reader {
public:
    /// `body_bytes_max`: the decoded body. `trailer_bytes_max`: the trailer section, and, counted
    /// apart, the extensions of all chunks together.
    chunk_reader(std::uint64_t body_bytes_max, std::size_t trailer_bytes_max)
        : body_bytes_max_(body_bytes_max), trailer_bytes_max_(trailer_bytes_max) {}

    enum class state { incomplete, complete, refused };

    /// Takes bytes off the front of `bytes` and appends what they carry to `body`. Complete at the
    /// end of the trailer section; what is left in `bytes` is the next request's.
    state read(std::string_view& bytes, std::string& body);

    /// malformed_http, head_too_large (trailers, extensions) or body_too_large.
    const framing_refusal& refusal() const noexcept { return refusal_; }

private:
    enum class step : std::uint8_t {
        size,
        extension_name,
        extension_value,
        extension_token,
        quoted,
        quoted_pair,
        quoted_end,
        size_line_feed,
        data,
        data_return,
        data_line_feed,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_line_feed,
        end_line_feed,
        complete,
        refused,
    };

    void take_data(std::string_view& bytes, std::string& body);
    void take(char c);
    void take_size(char c);
    void take_extension(char c);
    void take_after_extension(char c);
    void end_size_line();
    void take_data_end(char c);
    void take_trailer(char c);
    void refuse(errc code, const char* reason);

    std::uint64_t body_bytes_max_;
    std::size_t trailer_bytes_max_;
    step step_ = step::size;
    std::size_t part_bytes_ = 0;   ///< Of the size or the extension's name being read.
    std::uint64_t remaining_ = 0;  ///< Of the chunk's data; while its line is read, its size.
    std::uint64_t body_bytes_ = 0; ///< Decoded, with the data of the chunk being read.
    std::size_t extension_bytes_ = 0;
    std::size_t trailer_bytes_ = 0;
    trailer_name trailer_name_;
    framing_refusal refusal_;
};

} // namespace outreachd::ingress
