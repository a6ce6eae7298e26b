#include "daemon/ingress/hello_guard.hpp"

#include <algorithm>

namespace outreachd::ingress {
namespace {

constexpr unsigned char change_cipher_spec = 20;
constexpr unsigned char handshake = 22;
constexpr unsigned char client_hello = 1;

/// In network byte order.
std::size_t number_of(std::span<const unsigned char> bytes) noexcept {
    std::size_t number = 0;
    for (const unsigned char byte : bytes)
        number = number << 8U | byte;
    return number;
}

} // namespace

bool hello_guard::take(std::span<const unsigned char> bytes, bool is_tls_1_3) noexcept {
    while (!bytes.empty() && !is_encrypted_) {
        if (record_at_ < record_.size()) {
            take_record_header(bytes.front(), is_tls_1_3);
            bytes = bytes.subspan(1);
            continue;
        }
        const auto payload = bytes.first(std::min(bytes.size(), record_left_));
        if (is_handshake_ && !take_messages(payload))
            return false;
        bytes = bytes.subspan(payload.size());
        record_left_ -= payload.size();
        if (record_left_ == 0)
            record_at_ = 0;
    }
    return true;
}

/// Behind a ChangeCipherSpec everything is encrypted in TLS 1.2. In TLS 1.3 it means nothing, and what is
/// encrypted has a type of its own.
void hello_guard::take_record_header(unsigned char byte, bool is_tls_1_3) noexcept {
    record_[record_at_++] = byte;
    if (record_at_ < record_.size())
        return;
    record_left_ = number_of(std::span(record_).last(2));
    is_handshake_ = record_.front() == handshake;
    is_encrypted_ = record_.front() == change_cipher_spec && !is_tls_1_3;
    if (record_left_ == 0)
        record_at_ = 0;
}

/// Part of what handshake records hold: a message goes on from one to the next.
bool hello_guard::take_messages(std::span<const unsigned char> bytes) noexcept {
    for (;;) {
        const std::size_t passed = std::min(bytes.size(), message_left_);
        message_left_ -= passed;
        bytes = bytes.subspan(passed);
        if (bytes.empty())
            return true;
        message_[message_at_++] = bytes.front();
        bytes = bytes.subspan(1);
        if (message_at_ < message_.size())
            continue;
        message_at_ = 0;
        message_left_ = number_of(std::span(message_).last(3));
        if (message_.front() == client_hello && message_left_ > hello_bytes_max)
            return false;
    }
}

} // namespace outreachd::ingress
