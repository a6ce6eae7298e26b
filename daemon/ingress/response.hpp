/// The one table from what became of a request to what its sender is told.
#pragma once

#include "daemon/event/errc.hpp"
#include "daemon/event/timestamp.hpp"

#include <string>
#include <string_view>

namespace outreachd::ingress {

/// What became of a request.
enum class request_outcome {
    accepted,         ///< Stored.
    repeat,           ///< Of an event that is stored.
    unsigned_request, ///< No signature, and the endpoint asks for one.
    bad_signature,    ///< Malformed, or fitting none of the secrets.
    not_found,        ///< No endpoint has this path.
    bad_method,       ///< Not POST.
    body_too_large,
    head_too_large,
    malformed,
    reset, ///< No answer: it couldn't be stored in time, came too slowly, or there was no room.
};

/// What the answer says about the connection.
enum class connection_option {
    unsaid,     ///< HTTP/1.1 stays open without a word.
    keep_alive, ///< HTTP/1.0 has to be told.
    close,
};

/// The label of `outreachd_requests_total{outcome}`.
std::string_view to_label(request_outcome outcome) noexcept;

/// 0 for `reset`, which has no status.
int to_status(request_outcome outcome) noexcept;

/// True where nothing that follows on the connection can be understood.
bool must_close(request_outcome outcome) noexcept;

/// The outcome of a request that ended with `code`; `reset` where the code is none of a request's.
request_outcome to_outcome(error_code code) noexcept;

/// A whole response without a body. Not for `reset`.
std::string to_response(request_outcome outcome, connection_option option, wall_time now);

/// RFC 9110 section 5.6.7: `Sat, 21 Nov 2026 08:22:55 GMT`.
std::string to_http_date(wall_time time);

} // namespace outreachd::ingress
