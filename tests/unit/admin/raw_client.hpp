/// A TCP client that sends the bytes it is given, for tests of the admin server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outreachd::admin {

/// One connection to 127.0.0.1. A read that takes 20 s fails the test.
class raw_client {
public:
    explicit raw_client(std::uint16_t port);
    ~raw_client();
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    void send(std::string_view bytes);
    /// The next answer: its head and, by its Content-Length, its body. Empty where the server closed.
    std::string read_answer(bool has_body = true);
    /// Takes `size` bytes of what is sent; fewer where the server closed.
    std::size_t read_bytes(std::size_t size);
    /// Whether the server has closed, with nothing more to read.
    bool is_closed();

private:
    bool read_more();

    int descriptor_;
    std::string unread_;
};

/// `GET target` with a Host of ours, and further header lines, each with its end.
std::string get_request(std::string_view target, std::string_view headers = {});

unsigned status_of(std::string_view answer);
std::string_view body_of(std::string_view answer);

} // namespace outreachd::admin
