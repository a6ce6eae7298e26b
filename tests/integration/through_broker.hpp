/// Daemons with a RabbitMQ broker between them.
#pragma once

#include "tests/integration/daemon_under_test.hpp"

#include <string>
#include <vector>

namespace outreachd::tests {

/// A daemon's part in it.
struct broker_use {
    std::vector<std::string> uris;
    std::string roles = "[receive, work]";
    std::string keys = {}; ///< Further ones of `queue.amqp`, ", ack: broker".
    std::string queue_type = "classic";
    std::string handlers = "  out: {type: file, path: DIRECTORY/out.jsonl}\n";
    std::string routes = "  - {match: \"*\", to: [out]}\n";
};

configuration through_broker(const broker_use& how);

/// The same URI with another port: the road to a broker by a proxy.
std::string at_port(std::string uri, std::uint16_t port, std::uint16_t other);

/// `status` of a daemon as JSON text.
std::string status_of(const daemon_under_test& daemon);
/// The work queues that a worker holds, by its status.
std::vector<int> work_queues_of(const daemon_under_test& daemon);
/// Waits until the outbox is empty; false where that comes no nearer.
bool has_published_all(const daemon_under_test& daemon);
/// Acknowledged numbers that stand in no file of those workers.
std::vector<std::uint64_t> lost_of(const std::set<std::uint64_t>& acked,
                                   const std::vector<const daemon_under_test*>& workers);
/// Waits until `acked` stand in the workers' files; gives those that don't.
std::vector<std::uint64_t> lost_after_waiting(const std::set<std::uint64_t>& acked,
                                              const std::vector<const daemon_under_test*>& workers);

} // namespace outreachd::tests
