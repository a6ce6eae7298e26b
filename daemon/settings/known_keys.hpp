/// Every key of the configuration, section by section. The reader refuses what isn't here, and a test
/// holds `config/outreachd.schema.json` against it.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace outreachd::settings {

struct known_section {
    std::string_view name; ///< As in keys, with `[]` for any element and `*` for any name.
    std::span<const std::string_view> keys;
    /// What is none of its keys may be the secret itself, put there by a slip: messages don't repeat it.
    bool is_secret = false;
};

namespace known {

using names = std::string_view[];

inline constexpr names top_keys = {"listen", "endpoints",        "store",    "queue",    "handlers", "routes",
                                   "roles",  "shutdown_timeout", "outreach", "webhooks", "backfill", "admin",
                                   "log"};
inline constexpr known_section top{"", top_keys};

inline constexpr names listen_keys = {"address", "port", "tls", "plaintext", "limits"};
inline constexpr known_section listen{"listen", listen_keys};

inline constexpr names tls_keys = {"certificate", "private_key"};
inline constexpr known_section tls{"listen.tls", tls_keys};

inline constexpr names limits_keys = {"headers",        "body",         "connections", "handshake_timeout",
                                      "header_timeout", "body_timeout", "idle_timeout"};
inline constexpr known_section limits{"listen.limits", limits_keys};

inline constexpr names endpoint_keys = {"path",     "source",       "secrets",
                                        "unsigned", "dedup_window", "quarantine"};
inline constexpr known_section endpoint{"endpoints[]", endpoint_keys};

inline constexpr names store_keys = {"directory", "retention"};
inline constexpr known_section store{"store", store_keys};

inline constexpr names retention_keys = {"done", "unrouted", "dead", "size"};
inline constexpr known_section retention{"store.retention", retention_keys};

inline constexpr names queue_keys = {"type", "amqp"};
inline constexpr known_section queue{"queue", queue_keys};

inline constexpr names amqp_queue_keys = {"uri",        "exchange", "prefix", "partitions",
                                          "queue_type", "ack",      "ca"};
inline constexpr known_section amqp_queue{"queue.amqp", amqp_queue_keys};

// What all handlers share stands first in each type's list.
inline constexpr names log_handler_keys = {"type",  "concurrency", "timeout", "ordering",
                                           "retry", "level",       "message"};
inline constexpr known_section log_handler{"handlers.*(log)", log_handler_keys};

inline constexpr names file_handler_keys = {"type",  "concurrency", "timeout", "ordering",
                                            "retry", "path",        "fsync"};
inline constexpr known_section file_handler{"handlers.*(file)", file_handler_keys};

inline constexpr names http_handler_keys = {"type",   "concurrency", "timeout", "ordering",   "retry",
                                            "url",    "method",      "headers", "body",       "sign",
                                            "format", "ca",          "proxy",   "allow_hosts"};
inline constexpr known_section http_handler{"handlers.*(http)", http_handler_keys};

inline constexpr names sign_keys = {"secret"};
inline constexpr known_section sign{"handlers.*.sign", sign_keys};

inline constexpr names exec_handler_keys = {"type",    "concurrency", "timeout", "ordering", "retry",
                                            "command", "cwd",         "env",     "stdin",    "dead_on"};
inline constexpr known_section exec_handler{"handlers.*(exec)", exec_handler_keys};

inline constexpr names amqp_handler_keys = {"type",        "concurrency", "timeout",  "ordering",
                                            "retry",       "exchange",    "uri",      "ca",
                                            "routing_key", "headers",     "mandatory"};
inline constexpr known_section amqp_handler{"handlers.*(amqp)", amqp_handler_keys};

inline constexpr names outreach_handler_keys = {"type",  "concurrency", "timeout",    "ordering",
                                                "retry", "steps",       "allow_hosts"};
inline constexpr known_section outreach_handler{"handlers.*(outreach)", outreach_handler_keys};

inline constexpr names step_keys = {"name",  "when",     "for_each", "get",   "post",
                                    "patch", "put",      "delete",   "query", "headers",
                                    "body",  "paginate", "all",      "allow", "on_unknown"};
inline constexpr known_section step{"handlers.*.steps[]", step_keys};

inline constexpr names retry_keys = {"attempts", "initial", "factor", "max", "jitter"};
inline constexpr known_section retry{"handlers.*.retry", retry_keys};

inline constexpr names route_keys = {"match", "where", "to"};
inline constexpr known_section route{"routes[]", route_keys};

inline constexpr names outreach_keys = {"base_url", "auth", "reserve", "ca", "proxy"};
inline constexpr known_section outreach{"outreach", outreach_keys};

inline constexpr names oauth_keys = {"type",   "client_id",    "client_secret", "refresh_token",
                                     "scopes", "redirect_uri", "token_url",     "authorize_url"};
inline constexpr known_section oauth{"outreach.auth(oauth)", oauth_keys};

inline constexpr names s2s_keys = {"type", "guid", "private_key", "install"};
inline constexpr known_section s2s{"outreach.auth(s2s)", s2s_keys};

inline constexpr names token_keys = {"type", "token"};
inline constexpr known_section token{"outreach.auth(token)", token_keys};

inline constexpr names webhooks_keys = {"url", "subscribe", "payload_version", "repair"};
inline constexpr known_section webhooks{"webhooks", webhooks_keys};

inline constexpr names backfill_keys = {"on_start", "resources"};
inline constexpr known_section backfill{"backfill", backfill_keys};

inline constexpr names admin_keys = {"address", "port", "token", "hosts"};
inline constexpr known_section admin{"admin", admin_keys};

inline constexpr names log_keys = {"level", "format"};
inline constexpr known_section log{"log", log_keys};

inline constexpr names secret_keys = {"env", "file", "credential"};
inline constexpr known_section secret{"a secret", secret_keys, true};

inline constexpr names handler_types = {"log", "file", "http", "exec", "amqp", "outreach"};
inline constexpr names auth_types = {"oauth", "s2s", "token"};

inline constexpr std::array sections = {&top,        &listen,       &tls,          &limits,
                                        &endpoint,   &store,        &retention,    &queue,
                                        &amqp_queue, &log_handler,  &file_handler, &http_handler,
                                        &sign,       &exec_handler, &amqp_handler, &outreach_handler,
                                        &step,       &retry,        &route,        &outreach,
                                        &oauth,      &s2s,          &token,        &webhooks,
                                        &backfill,   &admin,        &log,          &secret};

} // namespace known

} // namespace outreachd::settings
