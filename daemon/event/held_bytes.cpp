#include "daemon/event/held_bytes.hpp"

namespace outreachd {
namespace {

/// What the allocator keeps beside a piece, and rounds it up by.
constexpr std::size_t piece_bytes = 16;

std::size_t held_by(std::size_t capacity) noexcept {
    static const std::size_t within_string = std::string{}.capacity();
    return capacity > within_string ? capacity + piece_bytes : 0;
}

} // namespace

std::size_t held_bytes(const received_request& request) noexcept {
    std::size_t bytes = held_by(request.endpoint.capacity()) + held_by(request.source.capacity()) +
                        held_by(request.peer.capacity()) + held_by(request.content_type.capacity()) +
                        held_by(request.outreach_event_id.capacity()) +
                        held_by(request.cleanup_token.reveal().size()) + held_by(request.body.capacity()) +
                        request.headers.capacity() * sizeof(header) +
                        request.signatures.capacity() * sizeof(std::string);
    for (const header& one : request.headers)
        bytes += held_by(one.name.capacity()) + held_by(one.value.capacity());
    for (const std::string& one : request.signatures)
        bytes += held_by(one.capacity());
    return bytes;
}

} // namespace outreachd
