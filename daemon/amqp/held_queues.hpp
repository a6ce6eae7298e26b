/// The work queues that this worker consumes.
#pragma once

#include "daemon/amqp/intake_batch.hpp"
#include "daemon/amqp/link_health.hpp"
#include "daemon/amqp/share.hpp"
#include "daemon/amqp/topology.hpp"
#include "daemon/amqp_connection/connection.hpp"

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace outreachd::amqp {

/// Takes its share of the queues, a channel each, and gives back what is more. A queue is locked for as long
/// as something of it is unacked, so that no other worker goes on with it before. For one connection; its
/// thread.
class held_queues {
public:
    held_queues(amqp_connection::connection& at, const topology& names, link_health& health,
                const intake_batches& batches, std::function<bool()> has_unfinished);

    /// Looks at the others, takes and gives: at most twice a second. True where it has looked.
    bool look_around();
    /// A message came: of which queue it is known by its channel.
    void note_delivered(std::uint16_t channel);
    /// All that has come so far was told.
    void note_nothing_more();
    /// The broker has ended the consumer: the queue is gone, or has another leader.
    void note_cancelled(const amqp_connection::consumer_cancelled& what);
    /// The broker has closed the channel.
    void note_closed(std::uint16_t channel);
    /// Consumes nothing any more; what has come is still to be acked.
    void give_all_back();

    /// Whether what came on the channel can still be acked.
    bool is_open(std::uint16_t channel) const;

    /// Of which the worker is a consumer.
    std::vector<std::uint32_t> partitions() const;

private:
    struct held_queue {
        std::uint32_t partition = 0;
        bool is_consuming = true;
        bool is_gone = false;                     ///< The broker has closed its channel.
        bool is_told = false;                     ///< All that came before its end.
        std::optional<steady_time> leaving_since; ///< To be given back once it is quiet.
        steady_time last_message;                 ///< Or when it was taken.
    };

    void begin();
    void declare_and_count();
    void count_no_more();
    void find_older_queues();
    void share_out();
    void take(std::uint32_t partition);
    void leave_when_quiet();
    void stop_consuming(std::uint16_t channel, held_queue& which);
    void drain_older_queues();

    std::string lock_of(std::uint32_t partition) const { return names_.work_queue(partition) + ".worker"; }

    std::optional<amqp_connection::queue_state> look_at(const std::string& queue);
    void want(bool is_wanting);
    std::uint16_t free_channel();

    amqp_connection::connection& at_;
    const topology& names_;
    link_health& health_;
    const intake_batches& batches_;
    const std::function<bool()> has_unfinished_;

    std::map<std::uint16_t, held_queue> by_channel_;
    share share_;
    std::vector<std::uint32_t> older_; ///< Beyond the partitions there are now.
    std::uint32_t place_ = 0;          ///< Of the queues that it counts by.
    bool is_counted_ = false;          ///< It is a consumer of the workers' queue.
    bool is_wanting_ = false;          ///< And of the wanting queue.
    std::uint16_t last_channel_;
    steady_time next_look_;
    steady_time next_search_;
    steady_time next_place_look_;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace outreachd::amqp
