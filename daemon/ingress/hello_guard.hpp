/// Bounds what a TLS client says that its ClientHello will take.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace outreachd::ingress {

/// Reads along in the bytes of a handshake that are in the clear (RFC 8446 sections 4 and 5.1). OpenSSL makes
/// room for a message as soon as its header is there, for a ClientHello up to 128 KiB: nine bytes from a peer
/// would hold that until the handshake's deadline. Pure: no I/O, no allocation.
class hello_guard {
public:
    /// Real ones take some 2 KiB at most, with a post-quantum key share and a session ticket.
    static constexpr std::size_t hello_bytes_max = 16 * 1024;

    /// The next bytes that came from the peer, however they were cut up. `is_tls_1_3`: as negotiated so far.
    /// False: a ClientHello is announced to be longer.
    bool take(std::span<const unsigned char> bytes, bool is_tls_1_3) noexcept;

private:
    void take_record_header(unsigned char byte, bool is_tls_1_3) noexcept;
    bool take_messages(std::span<const unsigned char> bytes) noexcept;

    std::array<unsigned char, 5> record_{};
    std::array<unsigned char, 4> message_{};
    std::uint8_t record_at_ = 0;  ///< How much of the record's header is there.
    std::uint8_t message_at_ = 0; ///< The same of the message's.
    bool is_handshake_ = false;   ///< The record is.
    bool is_encrypted_ = false;   ///< From here on all is: nothing can be read any more.
    std::size_t record_left_ = 0;
    std::size_t message_left_ = 0;
};

} // namespace outreachd::ingress
