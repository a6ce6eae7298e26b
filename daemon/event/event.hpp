/// An event: what the daemon keeps of one genuine request.
#pragma once

#include "daemon/crypto/digest.hpp"
#include "daemon/crypto/secret.hpp"
#include "daemon/event/event_id.hpp"
#include "daemon/event/timestamp.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd {

/// A header as it came, the name's case kept.
struct header {
    std::string name;
    std::string value;
    friend bool operator==(const header&, const header&) = default;
};

/// What is read from a webhook's body (contract 1.4 to 1.8, 1.17). Every field may be empty.
struct event_facts {
    std::string name;        ///< `task.completed`; `unknown` where the body can't be read or names none.
    std::string resource;    ///< The name up to its first dot.
    std::string action;      ///< The rest.
    std::string resource_id; ///< Exactly the digits or the text that the JSON had.
    std::string job_id;      ///< `meta.jobId`; decides nothing.
    std::optional<wall_time> delivered_at; ///< Outreach's own time, where it could be read.
    bool is_readable = false;              ///< The body is a JSON object.
};

/// One request to a known path, whole, and not yet known to be genuine.
struct received_request {
    std::string endpoint; ///< The configured path.
    std::string source;   ///< The endpoint's CloudEvents source.
    wall_time received_at{};
    std::string peer; ///< The sender's address, without the port.
    std::string content_type;
    std::string outreach_event_id; ///< `Outreach-Webhook-Event-Id`, undocumented (contract 1.25).
    std::vector<header>
        headers;          ///< The `Outreach-*` headers but for signature and cleanup token; `traceparent`.
    secret cleanup_token; ///< A credential (contract 1.23, 5.12).
    std::vector<std::string> signatures; ///< The values of every signature header, in order.
    std::string body;
};

/// How an event came to this host, and by that what proves it.
enum class event_origin : std::uint8_t {
    unknown,          ///< Stored by a version that didn't keep it.
    signed_request,   ///< Its signature held.
    unsigned_request, ///< Its endpoint takes such: nothing proves it.
    fetched,          ///< By a backfill, from Outreach's API.
    queue,            ///< From a work queue: whoever may publish there is believed.
};

/// As the store and the JSON have it; empty: unknown.
constexpr std::string_view to_string(event_origin origin) noexcept {
    switch (origin) {
    case event_origin::signed_request:
        return "signed";
    case event_origin::unsigned_request:
        return "unsigned";
    case event_origin::fetched:
        return "fetched";
    case event_origin::queue:
        return "queue";
    case event_origin::unknown:
        break;
    }
    return {};
}

/// A stored event never changes; what becomes of it stands in its deliveries.
struct event {
    event_id id{};
    event_facts facts;
    wall_time received_at{};
    std::string endpoint;
    std::string source;
    std::string content_type;
    std::string outreach_event_id;
    std::vector<header> headers;
    secret cleanup_token;
    std::string body;     ///< The exact bytes.
    digest body_digest{}; ///< SHA-256 of `body`.
    event_origin origin = event_origin::unknown;
};

/// The name an event has whose body can't be read.
inline constexpr const char* unknown_event_name = "unknown";

} // namespace outreachd
