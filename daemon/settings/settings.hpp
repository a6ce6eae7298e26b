/// The configuration file as values (config/reference.md). Defaults stand here and nowhere else.
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/event/event.hpp"
#include "daemon/text/amqp_uri.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace outreachd::settings {

using duration = std::chrono::milliseconds;

struct limits {
    std::uint64_t headers_bytes_max = 16ULL * 1024;
    std::uint64_t body_bytes_max = 16ULL * 1024 * 1024;
    std::uint32_t connections_max = 10'000;
    duration handshake_timeout = std::chrono::seconds{5};
    duration header_timeout = std::chrono::seconds{5};
    duration body_timeout = std::chrono::seconds{5};
    duration idle_timeout = std::chrono::seconds{60};
    friend bool operator==(const limits&, const limits&) = default;
};

struct tls_files {
    std::string certificate; ///< PEM, the chain, the server's own first.
    std::string private_key; ///< PEM.
    friend bool operator==(const tls_files&, const tls_files&) = default;
};

struct listen {
    std::string address = "::";
    std::uint16_t port = 8443;    ///< 0: a free port, named in the log and in `status`.
    std::optional<tls_files> tls; ///< Nothing: `tls: off`.
    bool plaintext = false;       ///< `tls: off` off loopback, behind a proxy that ends TLS.
    struct limits limits;
    friend bool operator==(const listen&, const listen&) = default;
};

enum class unsigned_policy { reject, accept };

struct endpoint {
    std::string path;
    std::string source = "outreach";
    std::vector<secret> secrets;
    unsigned_policy unsigned_requests = unsigned_policy::reject;
    duration dedup_window = std::chrono::hours{24};
    std::uint64_t quarantine_bytes_max = 64ULL * 1024 * 1024; ///< 0: no quarantine.
    friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct retention {
    duration done = std::chrono::hours{24 * 7};
    duration unrouted = std::chrono::hours{24 * 30};
    duration dead = std::chrono::hours{24 * 90};
    std::uint64_t size_bytes_max = 10ULL * 1024 * 1024 * 1024;
    friend bool operator==(const retention&, const retention&) = default;
};

struct store {
    std::string directory = "/var/lib/outreachd";
    struct retention retention;
    friend bool operator==(const store&, const store&) = default;
};

enum class queue_type { embedded, amqp };
enum class work_queue_kind { quorum, classic };
enum class ack_after {
    store,  ///< 200 once it is on this host's disk.
    broker, ///< 200 once the broker has confirmed it too.
};

/// The nodes of one RabbitMQ cluster, tried in turn. A secret each, since they hold a password.
struct amqp_nodes {
    std::vector<secret> uris; ///< Each can be parsed (`parse_amqp_uri`).
    std::string ca;           ///< The CAs themselves, in PEM, for amqps. Empty: the system's.
    friend bool operator==(const amqp_nodes&, const amqp_nodes&) = default;
};

struct amqp_queue {
    amqp_nodes nodes;
    std::string exchange = "outreach.events";
    std::string prefix = "outreachd"; ///< Of the names of all queues.
    std::uint32_t partitions = 8;     ///< Work queues, shared out among the workers.
    work_queue_kind kind = work_queue_kind::quorum;
    ack_after ack = ack_after::store;
    friend bool operator==(const amqp_queue&, const amqp_queue&) = default;
};

struct queue {
    queue_type type = queue_type::embedded;
    amqp_queue amqp; ///< With `type: amqp`; its nodes also where a handler has none of its own.
    friend bool operator==(const queue&, const queue&) = default;
};

/// What this host does; at least one. With `type: embedded` both.
struct roles {
    bool receives = true;
    bool works = true;
    friend bool operator==(const roles&, const roles&) = default;
};

struct retry {
    std::uint32_t attempts_max = 12; ///< Counts the first.
    duration initial = std::chrono::seconds{1};
    double factor = 2;
    duration max = std::chrono::minutes{15};
    double jitter = 0.2; ///< ± this share.
    friend bool operator==(const retry&, const retry&) = default;
};

enum class ordering { resource, none };

struct log_handler {
    std::string level = "info";
    std::string message = "event delivered"; ///< May hold `${{ }}`.
    friend bool operator==(const log_handler&, const log_handler&) = default;
};

struct file_handler {
    std::string path;
    bool fsync = false;
    friend bool operator==(const file_handler&, const file_handler&) = default;
};

enum class http_format { raw, cloudevents };

struct http_body {
    std::string text;     ///< May hold `${{ }}`.
    bool is_json = false; ///< Made of a map or a list: JSON whose strings may hold `${{ }}`.
    friend bool operator==(const http_body&, const http_body&) = default;
};

struct http_handler {
    std::string url; ///< May hold `${{ }}`.
    std::string method = "POST";
    std::vector<header> headers;   ///< Each name once; values may hold `${{ }}`.
    std::optional<http_body> body; ///< Nothing: the bytes received.
    secret sign_key;               ///< The key itself, decoded. Empty: not signed.
    http_format format = http_format::raw;
    std::string ca;                       ///< The CAs themselves, in PEM. Empty: the system's.
    std::optional<std::string> proxy;     ///< Empty: none. Nothing: as the environment says.
    std::vector<std::string> allow_hosts; ///< Host patterns. Empty: the host written in `url`.
    bool hides_path = false; ///< `url` came out of the environment in part: no reason shows its path.
    friend bool operator==(const http_handler&, const http_handler&) = default;
};

struct exec_variable {
    std::string name;
    std::string value; ///< May hold `${{ }}`, but for PATH.
    friend bool operator==(const exec_variable&, const exec_variable&) = default;
};

/// Runs a program. Its texts may be empty and have several lines.
struct exec_handler {
    std::vector<std::string>
        command;     ///< The program, a path or a name, then its arguments, which may hold `${{ }}`.
    std::string cwd; ///< Empty: the daemon's own.
    std::vector<exec_variable> env;
    std::optional<std::string> stdin_text; ///< May hold `${{ }}`. Nothing: the event's body.
    std::vector<std::uint8_t> dead_on;     ///< Exit statuses.
    friend bool operator==(const exec_handler&, const exec_handler&) = default;
};

/// Publishes to an exchange, with confirm.
struct amqp_handler {
    amqp_nodes nodes;                               ///< Its own, or those of `queue.amqp`.
    std::string exchange;                           ///< Empty: the default exchange.
    std::string routing_key = "${{ $event.name }}"; ///< May hold `${{ }}`.
    std::vector<header> headers;                    ///< Each name once; values may hold `${{ }}`.
    bool is_mandatory = false;                      ///< Not done where no queue takes it.
    friend bool operator==(const amqp_handler&, const amqp_handler&) = default;
};

/// A user's consent, kept alive by a refresh token that rotates (contract 7.1 to 7.13). Serves one host.
struct oauth_access {
    std::string client_id;
    secret client_secret;
    secret refresh_token;            ///< A first one. Empty: `auth login` fetches it.
    std::vector<std::string> scopes; ///< What `auth login` asks for.
    std::string redirect_uri;        ///< As registered with Outreach. Empty: loopback, a free port.
    std::string token_url;           ///< A whole URL, by default at `base_url`'s origin.
    std::string authorize_url;       ///< The same.
    friend bool operator==(const oauth_access&, const oauth_access&) = default;
};

/// Server to server: the app's own key (contract 7.17 to 7.27).
struct s2s_access {
    std::string guid;
    secret private_key;  ///< RSA, PEM.
    std::string install; ///< Its id. Empty: learnt from `install.created`, or by `auth install`.
    friend bool operator==(const s2s_access&, const s2s_access&) = default;
};

/// An access token that somebody else renews.
struct token_access {
    secret token;
    friend bool operator==(const token_access&, const token_access&) = default;
};

/// How the Outreach REST API is reached.
struct outreach {
    std::string base_url = "https://api.outreach.io/api/v2"; ///< Without a slash at its end.
    std::variant<oauth_access, s2s_access, token_access> auth;
    double reserve = 0.1;             ///< The share of the hourly limit that is kept for the command line.
    std::string ca;                   ///< The CAs themselves, in PEM. Empty: the system's.
    std::optional<std::string> proxy; ///< Empty: none. Nothing: as the environment says.
    friend bool operator==(const outreach&, const outreach&) = default;
};

/// What becomes of a POST, PATCH or DELETE whose answer was lost.
enum class on_unknown { dead, retry };

/// One request of an `outreach` handler, or one for each element of a list (config/reference.md).
struct outreach_step {
    std::string name;            ///< By which later ones know its result; may be empty.
    std::string when;            ///< A jq program. Empty: always.
    std::string for_each;        ///< A jq program that gives an array. Empty: once.
    std::string method;          ///< GET, POST, PATCH, PUT, DELETE
    std::string target;          ///< A path below `outreach.base_url`, or a whole URL; may hold `${{ }}`.
    bool is_elsewhere = false;   ///< `target` is a whole URL: our token doesn't go there.
    bool hides_path = false;     ///< That URL came out of the environment in part: no reason shows its path.
    std::vector<header> query;   ///< In order; values may hold `${{ }}`.
    std::vector<header> headers; ///< Each name once; values may hold `${{ }}`.
    std::optional<http_body> body;
    bool paginate = false;                          ///< All pages of a list as one.
    bool is_for_all = false;                        ///< A bulk action may go without a filter.
    std::vector<int> allow;                         ///< Statuses that count as success, beside 2xx.
    enum on_unknown on_unknown = on_unknown::retry; ///< Dead by default for POST.
    friend bool operator==(const outreach_step&, const outreach_step&) = default;
};

/// Calls the Outreach REST API, step by step.
struct outreach_handler {
    std::vector<outreach_step> steps;     ///< At least one.
    std::vector<std::string> allow_hosts; ///< Host patterns, for whole URLs. Empty: the hosts written there.
    std::optional<outreach> api; ///< The section of that name, so that a change of it is one of the handler.
    friend bool operator==(const outreach_handler&, const outreach_handler&) = default;
};

/// A handler: what all types share, and its own keys. A new type is one alternative more.
struct handler {
    std::string name;
    std::variant<log_handler, file_handler, http_handler, exec_handler, amqp_handler, outreach_handler> type;
    std::uint32_t concurrency = 4; ///< Worker threads of its own.
    duration timeout = std::chrono::seconds{30};
    enum ordering ordering = ordering::resource;
    struct retry retry;
    friend bool operator==(const handler&, const handler&) = default;
};

struct route {
    std::vector<std::string> match; ///< Globs on the event's name; any may fit.
    std::vector<std::string> to;    ///< Names of handlers.
    std::string where = {};         ///< A jq program, which further decides. Empty: none.
    friend bool operator==(const route&, const route&) = default;
};

/// The webhooks that Outreach should have.
struct webhooks {
    std::string url;
    std::vector<std::string> subscribe; ///< `resource.action`, either of them may be `*`.
    std::uint32_t payload_version = 2;
    bool repair = false; ///< The daemon itself ends a suspension.
    secret signing;      ///< The first of the endpoint that `url` leads to. Empty: none.
    friend bool operator==(const webhooks&, const webhooks&) = default;
};

/// Fetching what changed while nobody listened.
struct backfill {
    bool is_automatic = false;          ///< `on_start: auto`
    std::vector<std::string> resources; ///< As in event names. Empty: what `webhooks.subscribe` names.
    friend bool operator==(const backfill&, const backfill&) = default;
};

struct admin {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9464;      ///< 0: a free port.
    secret token;                   ///< Empty: none. Required off loopback.
    std::vector<std::string> hosts; ///< Further Host names taken.
    friend bool operator==(const admin&, const admin&) = default;
};

struct log {
    std::string level = "info";  ///< debug, info, warn, error
    std::string format = "text"; ///< text, json
    friend bool operator==(const log&, const log&) = default;
};

struct settings {
    struct listen listen;
    std::vector<endpoint> endpoints;
    struct store store;
    struct queue queue;
    std::vector<handler> handlers;
    std::vector<route> routes;
    struct roles roles;
    duration shutdown_timeout = std::chrono::seconds{20};
    std::optional<struct outreach> outreach;
    std::optional<struct webhooks> webhooks;
    struct backfill backfill;
    struct admin admin;
    struct log log;
};

} // namespace outreachd::settings
