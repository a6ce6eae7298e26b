/// Requests as they come over the wire, with the answers that they must get.
///
/// The hostile ones are collected from what is published on request smuggling and on parsers that
/// read one request differently; the odd ones are unusual and must be served. Each is complete: a
/// server answers, and nothing remains for which it would wait. Every one carries a correct
/// signature where it can, so that one that is wrongly let through would become an event.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::tests {

/// What is signed in every request.
inline constexpr std::string_view wire_body =
    R"({"data":{"type":"task","id":330021},"meta":{"eventName":"task.completed"}})";

/// Stands where the signature of `wire_body` goes, and is as long.
inline constexpr std::string_view signature_place =
    "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS";

/// The path that every request is for, unless it says otherwise.
inline constexpr std::string_view wire_path = "/webhooks/outreach";

/// The limits that the answers are written for: the defaults of `limits.headers` and `limits.body`.
inline constexpr std::size_t wire_head_bytes_max = 16 * 1024;
inline constexpr std::size_t wire_body_bytes_max = 16 * 1024 * 1024;

struct wire_request {
    std::string label;
    std::string bytes;        ///< With `signature_place`.
    std::vector<int> answers; ///< In order; the connection ends after 400, 413 and 431.
};

/// None of them makes an event, but for those whose answers begin with 200.
std::vector<wire_request> hostile_requests();

/// Those of them whose chunks are at fault.
std::vector<wire_request> hostile_chunks();

/// Unusual and unambiguous; served.
std::vector<wire_request> odd_requests();

/// `request` with the signature in its place.
inline std::string with_signature(std::string request, std::string_view signature) {
    for (std::size_t at = request.find(signature_place); at != std::string::npos;
         at = request.find(signature_place, at + signature.size()))
        request.replace(at, signature_place.size(), signature);
    return request;
}

// --- How the requests are put together ------------------------------------------------------------

inline std::string length_field(std::size_t length = wire_body.size()) {
    return "Content-Length: " + std::to_string(length) + "\r\n";
}

inline std::string signature_field() {
    return "Outreach-Webhook-Signature: " + std::string{signature_place} + "\r\n";
}

/// A request whose line and fields (each with its line end) are given, with the usual ones behind.
inline std::string request_of(const std::string& line, const std::string& fields, std::string_view content) {
    return line + "Host: hooks.example.com\r\n" + signature_field() + fields + "\r\n" + std::string{content};
}

/// A POST with these fields and this content, and nothing that frames it.
inline std::string unframed(const std::string& fields, std::string_view content = wire_body) {
    return request_of("POST /webhooks/outreach HTTP/1.1\r\n", fields, content);
}

/// A correct POST with further fields.
inline std::string post(const std::string& fields = {}) {
    return unframed(fields + length_field());
}

/// A POST with another request line, given whole.
inline std::string with_line(const std::string& line) {
    return request_of(line, length_field(), wire_body);
}

inline std::string chunked(const std::string& coded) {
    return unframed("Transfer-Encoding: chunked\r\n", coded);
}

/// `text` between quotes, printable and as C++ would write it: a label.
inline std::string shown(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string label = "'";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7F)
            label += c;
        else
            label.append("\\x").append(1, digits[byte / 16]).append(1, digits[byte % 16]);
    }
    return label + "'";
}

/// `wire_body` as one chunk, with what is given behind its size.
inline std::string one_chunk(const std::string& behind_size = "\r\n") {
    constexpr std::string_view digits = "0123456789ABCDEF";
    static_assert(wire_body.size() < 256);
    return std::string{digits[wire_body.size() / 16], digits[wire_body.size() % 16]} + behind_size +
           std::string{wire_body} + "\r\n";
}

inline constexpr const char* last_chunk = "0\r\n\r\n";

/// A request of the attacker's own, as it is hidden behind another.
inline std::string smuggled() {
    return "POST /webhooks/outreach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
}

} // namespace outreachd::tests
