/// What there is at the broker: names, and how they are made (deploy/rabbitmq.md).
#pragma once

#include "daemon/amqp_connection/connection.hpp"
#include "daemon/settings/settings.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace outreachd::amqp {

/// The exchange, the work queues, and two queues that never hold a message: workers count themselves, and
/// those that have less than their share, as consumers of these.
///
/// A work queue has one active consumer at a time (`x-single-active-consumer`): RabbitMQ 3.10 lets several
/// exclusive ones on one quorum queue. Workers see to it by locks that no other even stands by.
/// Pure but for `declare`; any thread.
class topology {
public:
    explicit topology(const settings::amqp_queue& configured) : configured_(configured) {}

    const std::string& exchange() const { return configured_.exchange; }

    std::uint32_t partitions() const { return configured_.partitions; }

    /// `partition` may lie beyond `partitions`: queues of an earlier configuration.
    std::string work_queue(std::uint32_t partition) const;

    /// A pair of them is at its `place`. There is more than one only after a node was down: see
    /// `declare_for_workers`.
    std::string workers_queue(std::uint32_t place) const;

    std::string wanting_queue(std::uint32_t place) const { return workers_queue(place) + ".wanting"; }

    /// Where an event goes: by its ordering key; one without by its own id, so that those spread.
    std::uint32_t partition_of(std::uint64_t ordering_key, const event_id& id) const;

    /// The two queues by which workers count themselves, at the first place where they can be used, which it
    /// gives: 0, unless their node is down. They are classic and durable. A quorum queue would go on counting
    /// the consumers of a node that is dead; one that isn't durable, and so would go with its node, RabbitMQ
    /// refuses from 4.3 on unless told otherwise. The channel is open before, and after where it doesn't
    /// throw.
    std::uint32_t declare_for_workers(amqp_connection::connection& at, std::uint16_t channel) const;
    /// The exchange and the work queues: makes what isn't there. The channel is open before and after. Gives
    /// why a work queue can't be used, by its partition: the others are of use all the same. Throws
    /// amqp_error for all else.
    std::map<std::uint32_t, std::string> declare(amqp_connection::connection& at,
                                                 std::uint16_t channel) const;
    /// One work queue, with its reason; empty where it is there now.
    std::string declare_work_queue(amqp_connection::connection& at, std::uint16_t channel,
                                   std::uint32_t partition) const;

private:
    amqp_connection::queue_kind kind() const;

    const settings::amqp_queue configured_;
};

/// How the broker is reached: the nodes parsed, a name that its operators see.
amqp_connection::options connection_options(const settings::amqp_nodes& nodes, std::string name);

} // namespace outreachd::amqp
