/// The broker that all tests of a process share, and the road to it.
#pragma once

#include "tests/integration/through_broker.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <string>

namespace outreachd::tests {

inline test_servers::rabbitmq_node& broker() {
    return test_servers::rabbitmq_node::shared();
}

/// Its URI, by a proxy that leads to it.
inline std::string through(const test_servers::tcp_proxy& road, const std::string& vhost) {
    return at_port(broker().uri(vhost), broker().port(), road.port());
}

} // namespace outreachd::tests
