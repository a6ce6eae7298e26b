/// The command line's side of the admin server.
#pragma once

#include "daemon/settings/settings.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace outreachd::admin {

/// What was looked at last for a list that isn't whole.
struct search_end {
    std::string id;
    std::string received_at; ///< RFC 3339
};

/// What the daemon answered.
struct client_answer {
    unsigned status = 0;
    std::string body;
    std::optional<search_end> ended_early = {};
};

/// Why there is no answer, in words for the operator.
struct client_failure {
    std::string message;
};

/// Asks a running daemon, one connection for each request. Blocks up to its timeout. One thread at a time.
class client {
public:
    explicit client(settings::admin configured, std::chrono::milliseconds timeout = std::chrono::seconds{10});

    /// `target` is a path and query, already encoded.
    std::variant<client_answer, client_failure> get(std::string_view target) const;
    /// The same as a POST of an empty JSON object, for what changes something.
    std::variant<client_answer, client_failure> post(std::string_view target) const;

    /// Where it asks: `127.0.0.1:9464`, `[::1]:9464`.
    std::string place() const;

private:
    std::variant<client_answer, client_failure> ask(std::string_view request_line,
                                                    std::string_view body) const;

    settings::admin configured_; ///< A wildcard address is loopback here.
    std::chrono::milliseconds timeout_;
};

/// Reads a whole answer as the admin server sends it: a head, and a body of its Content-Length.
std::variant<client_answer, client_failure> parse_answer(std::string_view bytes);

} // namespace outreachd::admin
