/// Sends a number of requests, one after the other or at a constant rate.
#pragma once

#include "daemon/command_line/https_client.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace outreachd::command_line {

struct outgoing_request {
    std::string name;     ///< What it is called in the output.
    std::string event_id; ///< Its `Outreach-Webhook-Event-Id`.
    std::string headers;  ///< Whole lines, each ended by CRLF.
    std::string body;
};

struct sent_request {
    std::string name;
    std::string event_id;
    http_answer answer;
    std::chrono::microseconds took{}; ///< From when it was due, so that waiting behind a slow one counts.
};

struct pace {
    std::size_t total = 1;
    std::optional<double> per_second; ///< Nothing: each as soon as the one before is answered.
};

/// Sends `how.total` requests to `to`. `make` gives the request of that number, from any thread;
/// `report` is told of each in order of completion, one at a time.
///
/// With a rate each request has its due time and is sent then, however slow the answers are, by as
/// many as 32 connections; only behind 32 unanswered ones does it wait. Stops at the first that
/// could not connect or didn't trust what it met. Blocks until all are answered.
void send_paced(const url& to, const tls_identity_check& check, const pace& how,
                const std::function<outgoing_request(std::size_t)>& make,
                const std::function<void(const sent_request&)>& report);

} // namespace outreachd::command_line
