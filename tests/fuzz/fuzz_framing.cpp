/// Fuzzes the framing gate: requests read off a connection give the same however the bytes are cut.
///
/// The first byte chooses how the rest is cut. What else must hold: a head that was taken is taken
/// again, and says the same, when it is written out anew; limits are never passed.
#include "daemon/ingress/framing.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace outreachd;
using namespace outreachd::ingress;

constexpr std::size_t head_bytes_max = 512;
constexpr std::size_t body_bytes_max = 256;
constexpr std::size_t trailer_bytes_max = 64;

void require(bool holds) {
    if (!holds)
        std::abort();
}

/// All that was read off a connection, for comparing.
struct transcript {
    std::vector<std::string> heads;
    std::vector<std::string> bodies;
    std::optional<errc> refusal;
    std::string reason;
    friend bool operator==(const transcript&, const transcript&) = default;
};

std::string written_out(const request_head& head) {
    std::string text{head.method};
    text.append(" ").append(head.target).append(head.is_http_1_1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (const auto& [name, value] : head.fields)
        text.append(name).append(": ").append(value).append("\r\n");
    return text + "\r\n";
}

std::string decisions(const request_head& head) {
    return std::to_string(static_cast<int>(head.framing)) + " " + std::to_string(head.content_length) +
           (head.is_keep_alive ? " kept" : " closed") + (head.expects_continue ? " continue" : "");
}

void check_head(const request_head& head, std::string_view bytes) {
    require(head.bytes <= head_bytes_max && head.bytes <= bytes.size());
    require(head.fields.size() * 4 <= head.bytes);
    require(bytes.substr(0, head.bytes).ends_with("\r\n\r\n"));
    require(head.target.starts_with('/'));
    const std::string again = written_out(head);
    head_gate gate{again.size()};
    require(gate.look(again) == head_state::complete);
    require(gate.head().bytes == again.size());
    require(written_out(gate.head()) == again);
    require(decisions(gate.head()) == decisions(head));
}

/// A connection's worth of requests.
class reader {
public:
    void receive(std::string_view bytes) {
        buffer_ += bytes;
        while (!result_.refusal && advance()) {
        }
    }

    const transcript& result() const { return result_; }

private:
    bool advance() {
        if (!chunks_ && !is_in_body_) {
            const std::string moved = buffer_; // the bytes may move between calls
            switch (gate_.look(moved)) {
            case head_state::incomplete:
                return false;
            case head_state::refused:
                return refuse(gate_.refusal());
            case head_state::complete:
                break;
            }
            const request_head& head = gate_.head();
            check_head(head, moved);
            result_.heads.push_back(written_out(head) + decisions(head));
            if (head.framing == body_framing::length && head.content_length > body_bytes_max)
                return refuse({errc::body_too_large, "length"});
            is_in_body_ = head.framing == body_framing::length;
            length_ = static_cast<std::size_t>(head.content_length);
            if (head.framing == body_framing::chunked)
                chunks_.emplace(body_bytes_max, trailer_bytes_max);
            buffer_.erase(0, head.bytes);
            gate_.reset();
            return true;
        }
        if (chunks_) {
            std::string_view rest = buffer_;
            const auto state = chunks_->read(rest, body_);
            require(body_.size() <= body_bytes_max);
            require(rest.size() <= buffer_.size() && buffer_.ends_with(rest));
            require(state != chunk_reader::state::incomplete || rest.empty());
            buffer_.erase(0, buffer_.size() - rest.size());
            if (state == chunk_reader::state::refused)
                return refuse(chunks_->refusal());
            if (state == chunk_reader::state::incomplete)
                return false;
            chunks_.reset();
        } else {
            if (buffer_.size() < length_)
                return false;
            body_ = buffer_.substr(0, length_);
            buffer_.erase(0, length_);
            is_in_body_ = false;
        }
        result_.bodies.push_back(body_);
        body_.clear();
        return true;
    }

    bool refuse(const framing_refusal& why) {
        require(*why.reason != '\0');
        result_.refusal = why.code;
        result_.reason = why.reason;
        return false;
    }

    head_gate gate_{head_bytes_max};
    std::optional<chunk_reader> chunks_;
    bool is_in_body_ = false;
    std::size_t length_ = 0;
    std::string buffer_;
    std::string body_;
    transcript result_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    reader at_once;
    at_once.receive(bytes);

    reader in_pieces;
    std::uint32_t state = data[0]; // 0: byte by byte; else pieces of a pseudo-random size
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t piece = state == 0 ? 1 : 1 + (state = state * 1103515245U + 12345U) / 65536U % 40U;
        in_pieces.receive(bytes.substr(at, piece));
        at += piece;
    }
    require(at_once.result() == in_pieces.result());
    return 0;
}
