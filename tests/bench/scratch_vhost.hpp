/// A virtual host of a broker for one measurement, with empty queues.
#pragma once

#include "daemon/settings/settings.hpp"
#include "tests/servers/rabbitmq_node.hpp"

#include <cstdint>
#include <string>

namespace outreachd::bench {

/// Is gone afterwards, and all that stands in its queues. The node outlives it.
class scratch_vhost {
public:
    explicit scratch_vhost(test_servers::rabbitmq_node& on);
    ~scratch_vhost();
    scratch_vhost(const scratch_vhost&) = delete;
    scratch_vhost& operator=(const scratch_vhost&) = delete;

    /// The daemon's settings with it. `kind`: `quorum` or `classic`.
    settings::amqp_queue queue(const std::string& kind, std::uint32_t partitions) const;

private:
    test_servers::rabbitmq_node& on_;
    const std::string name_;
};

} // namespace outreachd::bench
