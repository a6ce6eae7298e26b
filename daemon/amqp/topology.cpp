#include "daemon/amqp/topology.hpp"

namespace outreachd::amqp {

namespace {

using amqp_connection::amqp_error;
using amqp_connection::trouble;

/// Each death of a worker that holds a message counts as a delivery; from RabbitMQ 4.0 on twenty would be the
/// end of it.
constexpr std::uint32_t delivery_limit = 1'000'000;

/// A further one is made at a node that runs, while those of all before it are down: more than a cluster has
/// nodes there never are.
constexpr std::uint32_t places_max = 64;

} // namespace

std::string topology::work_queue(std::uint32_t partition) const {
    return configured_.prefix + ".work." + std::to_string(partition);
}

std::uint32_t topology::partition_of(std::uint64_t ordering_key, const event_id& id) const {
    std::uint64_t key = ordering_key;
    if (key == 0) // the random half of a UUIDv7
        for (std::size_t at = 8; at < 16; ++at)
            key = key << 8 | id.data[at];
    return static_cast<std::uint32_t>(key % configured_.partitions);
}

amqp_connection::queue_kind topology::kind() const {
    return configured_.kind == settings::work_queue_kind::quorum ? amqp_connection::queue_kind::quorum
                                                                 : amqp_connection::queue_kind::classic;
}

std::map<std::uint32_t, std::string> topology::declare(amqp_connection::connection& at,
                                                       std::uint16_t channel) const {
    at.declare_topic_exchange(channel, configured_.exchange);
    std::map<std::uint32_t, std::string> unusable;
    for (std::uint32_t partition = 0; partition < configured_.partitions; ++partition)
        if (std::string reason = declare_work_queue(at, channel, partition); !reason.empty())
            unusable.emplace(partition, std::move(reason));
    return unusable;
}

std::string topology::workers_queue(std::uint32_t place) const {
    return configured_.prefix + ".workers" + (place == 0 ? std::string{} : "." + std::to_string(place));
}

std::uint32_t topology::declare_for_workers(amqp_connection::connection& at, std::uint16_t channel) const {
    for (std::uint32_t place = 0;; ++place) {
        try {
            for (const std::string& name : {workers_queue(place), wanting_queue(place)})
                at.declare_queue(channel, name,
                                 {.kind = amqp_connection::queue_kind::classic,
                                  .rejects_when_full = false,
                                  .has_one_consumer = false,
                                  .delivery_limit = std::nullopt});
            return place;
        } catch (const amqp_error& refused) { // not_found: it is there, and its node is down
            const bool is_node_down =
                refused.closed_channel() == channel && refused.kind() == trouble::not_found;
            if (!is_node_down || place == places_max)
                throw;
            at.open_channel(channel);
        }
    }
}

std::string topology::declare_work_queue(amqp_connection::connection& at, std::uint16_t channel,
                                         std::uint32_t partition) const {
    const bool is_quorum = kind() == amqp_connection::queue_kind::quorum;
    try {
        at.declare_queue(channel, work_queue(partition),
                         {.kind = kind(),
                          .rejects_when_full = true,
                          .has_one_consumer = true,
                          .delivery_limit = is_quorum ? std::optional{delivery_limit} : std::nullopt});
        return {};
    } catch (const amqp_error& refused) {
        // One that isn't ours, or whose node is down, holds up no other.
        const bool is_of_this_queue =
            refused.kind() == trouble::differs || refused.kind() == trouble::not_found;
        if (refused.closed_channel() != channel || !is_of_this_queue)
            throw;
        at.open_channel(channel);
        return refused.what();
    }
}

amqp_connection::options connection_options(const settings::amqp_nodes& nodes, std::string name) {
    amqp_connection::options how;
    for (const secret& uri : nodes.uris)
        if (auto parsed = parse_amqp_uri(uri.reveal())) // the settings hold none that can't be
            how.nodes.push_back(std::move(*parsed));
    how.ca = nodes.ca;
    how.name = std::move(name);
    return how;
}

} // namespace outreachd::amqp
