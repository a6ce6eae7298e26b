#include "tests/bench/scratch_vhost.hpp"

#include <cstdio>
#include <exception>

namespace outreachd::bench {

scratch_vhost::scratch_vhost(test_servers::rabbitmq_node& on) : on_(on), name_(on.new_vhost()) {}

scratch_vhost::~scratch_vhost() {
    try {
        on_.evaluate("rabbit_vhost:delete(<<\"" + name_ + "\">>, <<\"bench\">>)");
    } catch (const std::exception& error) { // what is measured next would be of a burdened broker
        std::fprintf(stderr, "the virtual host %s stays: %s\n", name_.c_str(), error.what());
    }
}

settings::amqp_queue scratch_vhost::queue(const std::string& kind, std::uint32_t partitions) const {
    settings::amqp_queue made;
    made.nodes.uris = {secret{on_.uri(name_)}};
    made.partitions = partitions;
    made.kind = kind == "classic" ? settings::work_queue_kind::classic : settings::work_queue_kind::quorum;
    return made;
}

} // namespace outreachd::bench
