/// Three brokers that are one.
#pragma once

#include "tests/servers/rabbitmq_node.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::test_servers {

/// Like a `rabbitmq_node`. A node that finds itself in a minority stops serving until it sees another one.
class rabbitmq_cluster {
public:
    static constexpr std::size_t nodes = 3;

    rabbitmq_cluster(); ///< Blocks until all are ready and know each other, some 20 s.

    /// 0 to 2. To kill, start, freeze or question it.
    rabbitmq_node& node(std::size_t which) { return *nodes_.at(which); }

    std::vector<std::string> uris(std::string_view vhost = "/") const; ///< One of each node.

    /// In all nodes, as rabbitmq_node::new_vhost. Needs the first one.
    std::string new_vhost() { return node(0).new_vhost(); }

private:
    std::array<std::unique_ptr<rabbitmq_node>, nodes> nodes_;
};

} // namespace outreachd::test_servers
