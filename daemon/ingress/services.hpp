/// What all connections share.
#pragma once

#include "daemon/ingress/answer_mailbox.hpp"
#include "daemon/ingress/body_budget.hpp"
#include "daemon/ingress/connection_registry.hpp"
#include "daemon/ingress/endpoint_table.hpp"
#include "daemon/ingress/log_throttle.hpp"
#include "daemon/ingress/quarantine_sink.hpp"
#include "daemon/ingress/tls_context.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"
#include "daemon/thread/replaceable.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace outreachd::ingress {

/// Owned by `ingress` and by every connection: the last connection may go after `ingress`, with the
/// `io_context`. What the references name outlives both.
struct services {
    services(const settings::limits& configured, std::shared_ptr<const endpoint_table> served,
             std::shared_ptr<const tls_context> secured, store::store& events, metrics::metrics& counters,
             log::logger& lines, quarantine_sink doubtful, std::shared_ptr<answer_mailbox> answered,
             store::answered_when when)
        : limits(configured), endpoints(std::move(served)), tls(std::move(secured)), store(events),
          metrics(counters), log(lines), quarantine(std::move(doubtful)), answers(std::move(answered)),
          answered_when(when), open(configured.connections_max),
          bodies(std::max(largest_bodies_max * configured.body_bytes_max, bodies_bytes_min)) {}

    /// So many of the largest size may be held at once: 160 MiB unless configured otherwise. With what is
    /// held uncovered and 10,000 connections of 50 KiB, which a handshake takes that has stopped halfway,
    /// that is less than 700 MB.
    static constexpr std::uint64_t largest_bodies_max = 10;
    /// Enough for a thousand of 64 KiB, or some 4,000 of 24 KiB, which a disk that stalls may hold up.
    static constexpr std::uint64_t bodies_bytes_min = 64 * 1024 * 1024;
    /// For a thousand that come in chunks and wait, each with 4 KiB of them read that have no room yet.
    static constexpr std::uint64_t uncovered_bytes_max = 4 * 1024 * 1024;

    const settings::limits limits;
    replaceable<endpoint_table> endpoints;
    replaceable<tls_context> tls; ///< Null: plaintext.
    store::store& store;
    metrics::metrics& metrics;
    log::logger& log;
    const quarantine_sink quarantine;
    const std::shared_ptr<answer_mailbox> answers;
    const store::answered_when answered_when;
    connection_registry open;
    body_budget bodies;
    body_budget uncovered{uncovered_bytes_max}; ///< What those hold beyond `bodies` who wait for it.
    std::atomic<bool> is_draining{false};       ///< Answers say `Connection: close`.

    log_throttle unstored{std::chrono::seconds{1}};        ///< Resets because the store is late.
    log_throttle over_limit{std::chrono::seconds{1}};      ///< Resets because of `limits.connections`.
    log_throttle short_of_memory{std::chrono::seconds{1}}; ///< Resets because too much is held at once.
    log_throttle greetings{std::chrono::minutes{1}};       ///< Handshakes that failed.
    log_throttle unverified{std::chrono::minutes{1}};      ///< 401.
    log_throttle lost_paths{std::chrono::minutes{1}};      ///< 404 to a POST.
    log_throttle oversized{std::chrono::minutes{1}};       ///< 413 and 431.
    log_throttle malformed{std::chrono::minutes{1}};       ///< 400.
    log_throttle refused{std::chrono::minutes{1}};         ///< Anything but 200 to a genuine event.
};

} // namespace outreachd::ingress
