/// A client that shows what really happens on the wire: every byte it sends, every way a
/// connection can end.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_session_st;

namespace outreachd::tests {

/// How long Outreach waits for an answer (contract 3.1).
inline constexpr std::chrono::seconds sender_patience{5};

enum class ending {
    none,   ///< The connection is still open.
    closed, ///< FIN, with or without a TLS alert before it.
    reset,  ///< RST.
    silent, ///< Nothing came in the time given.
};

struct answer {
    int status = 0;                            ///< 0: none came.
    std::map<std::string, std::string> fields; ///< Names in lower case.
    std::string body;
    ending end = ending::none;
    std::chrono::milliseconds took{}; ///< Since the read began.
};

/// One connection to 127.0.0.1. Blocking, one thread.
class wire_client {
public:
    enum class transport { tls, plain };

    explicit wire_client(std::uint16_t port, transport how = transport::tls,
                         ssl_session_st* resume = nullptr);
    ~wire_client();
    wire_client(const wire_client&) = delete;
    wire_client& operator=(const wire_client&) = delete;

    bool is_connected() const noexcept { return is_connected_; }

    bool is_resumed() const noexcept;
    int tls_version() const noexcept;
    std::shared_ptr<ssl_session_st> session() const;

    /// False where the connection is gone.
    bool send(std::string_view bytes);
    bool send_byte_by_byte(std::string_view bytes);
    /// The next answer, or how the connection ended before one was there.
    answer read_answer(std::chrono::milliseconds limit = std::chrono::seconds{10});
    /// Waits for the connection's end, whatever comes before.
    ending read_end(std::chrono::milliseconds limit = std::chrono::seconds{10});
    /// FIN, while the other direction stays open.
    void shut_down_sending();

private:
    ending read_some(std::chrono::steady_clock::time_point until);

    int socket_ = -1;
    ssl_st* ssl_ = nullptr;
    bool is_connected_ = false;
    std::string unread_;
};

/// The body's signature with the secret `foo`, or another one.
std::string signature_of(std::string_view body, std::string_view secret = "foo");

/// A whole POST of `body` to /webhooks/outreach. `fields`: further lines, each with its CRLF.
std::string signed_post(std::string_view body, std::string_view fields = {});

/// A webhook body whose resource id is `number`.
std::string numbered_body(std::uint64_t number);

} // namespace outreachd::tests
