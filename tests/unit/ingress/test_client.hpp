/// A blocking client, with OpenSSL of its own or plain, that tells a reset from a clean end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace outreachd::ingress {

enum class client_kind {
    plain,
    tls_1_2,
    tls_1_3,
    tls_1_3_retried, ///< Its first key share is of a group that the server hasn't: it sends a second
                     ///< ClientHello.
    tls_1_1,
};

/// Those that a server serves.
inline constexpr client_kind served_kinds[] = {client_kind::plain, client_kind::tls_1_2,
                                               client_kind::tls_1_3};

/// How the server's side of a connection ended.
enum class ending {
    none,   ///< It hasn't, for as long as the client waited.
    closed, ///< FIN, with TLS after a close_notify.
    cut,    ///< FIN without a close_notify.
    reset,  ///< RST.
    failed, ///< TLS failed: an alert, or no handshake.
};

class test_client {
public:
    using session = std::unique_ptr<ssl_session_st, void (*)(ssl_session_st*)>;

    /// Connects to 127.0.0.1 and makes the handshake, `resumed` if it isn't null.
    test_client(std::uint16_t port, client_kind kind, ssl_session_st* resumed = nullptr);
    ~test_client();
    test_client(const test_client&) = delete;
    test_client& operator=(const test_client&) = delete;

    bool is_connected() const noexcept { return is_connected_; }

    /// False where the server doesn't take it any more.
    bool send(std::string_view bytes);

    /// Bytes on the socket itself, past TLS.
    bool send_raw(std::string_view bytes);

    /// Says that nothing more will be sent (close_notify, FIN), and goes on reading.
    void end_sending();

    /// Changes the keys of TLS 1.3 so many times. False where the server doesn't take it any more.
    bool update_keys(int times);

    /// One response's head, which is all a response of ours has. Empty where there was none.
    std::string receive_response();

    /// Exactly so many bytes, fewer at the end.
    std::string receive(std::size_t bytes);

    /// Reads on until the connection ends, and says how.
    ending wait_for_end();
    /// The same, for so long at most.
    ending wait_for_end(std::chrono::milliseconds at_most);

    bool is_resumed() const;
    std::string alpn() const;
    session take_session();

private:
    std::size_t read(char* into, std::size_t size);

    int descriptor_ = -1;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
    bool is_connected_ = false;
    ending ending_ = ending::none;
};

} // namespace outreachd::ingress
