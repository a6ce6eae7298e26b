/// Finds the end of an HTTP/1.1 answer in a stream of bytes: its status, and whether the connection goes on.
///
/// Only what the receivers measured here send: a status line, headers, a body with Content-Length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outreachd::bench {

class response_reader {
public:
    enum class state { incomplete, complete, malformed };

    /// Ready for the next answer on the same connection.
    void restart();

    /// Takes the next bytes. `malformed` also for bytes behind the end: nobody asked for a second answer.
    state feed(std::string_view bytes);

    /// Zero until the headers are complete.
    int status() const { return status_; }

    bool closes_connection() const { return closes_connection_; }

private:
    bool read_head(std::string_view head);
    bool read_field(std::string_view line);

    std::string head_;
    bool is_in_body_ = false;
    bool has_length_ = false;
    std::uint64_t body_bytes_left_ = 0;
    int status_ = 0;
    bool closes_connection_ = false;
};

} // namespace outreachd::bench
