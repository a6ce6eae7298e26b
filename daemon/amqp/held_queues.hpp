/// The work queues that this worker consumes.
#pragma once

#include "daemon/amqp/intake_batch.hpp"
#include "daemon/amqp/link_health.hpp"
#include "daemon/amqp/share.hpp"
#include "daemon/amqp/topology.hpp"
#include "daemon/amqp_connection/connection.hpp"
#include "daemon/store/store.hpp"

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace outreachd::amqp {

/// Whether a delivery isn't finished of an event at or before that place in the store. Any thread.
using unfinished_up_to = std::function<bool(store::sequence)>;

/// Takes its share of the queues, a channel each, and gives back what is more. A queue is locked from before
/// its consumer begins until all that came by it is acked and, if that isn't too long in coming, delivered:
/// so the next worker has no newer event of a resource in hand while an older one waits here. Where no other
/// worker is there nobody needs to wait. For one connection; its thread.
///
/// Calls that are answered read what comes in front of the answer into memory: see `messages_ahead_max`.
class held_queues {
public:
    /// Of all queues together, unacked. With a great many of them each has a few all the same.
    static constexpr std::uint32_t messages_ahead_max = 512;

    held_queues(amqp_connection::connection& at, const topology& names, link_health& health,
                const intake_batches& batches, const store::store& events, unfinished_up_to has_unfinished);

    /// Looks at the others, takes and gives: at most twice a second. True where it has looked.
    bool look_around();
    /// A message came: of which queue it is known by its channel.
    void note_delivered(std::uint16_t channel);
    /// The broker has ended the consumer: the queue is gone, or has another leader.
    void note_cancelled(const amqp_connection::consumer_cancelled& what);
    /// All that came by it before we ended it was told.
    void note_ended(std::uint16_t channel);
    /// The broker has closed the channel, for that reason.
    void note_closed(std::uint16_t channel, const std::string& reason);
    /// Consumes nothing any more; what has come is still to be acked, and to be let go of.
    void give_all_back();
    /// Unlocks what is done with.
    void let_go();

    /// Whether what came on the channel can still be acked.
    bool is_open(std::uint16_t channel) const;

    /// Whether a queue is consumed, or locked still.
    bool has_any() const { return !by_channel_.empty(); }

    /// Of which the worker is a consumer.
    std::vector<std::uint32_t> partitions() const;

private:
    struct held_queue {
        std::uint32_t partition = 0;
        bool is_consuming = true;
        bool is_gone = false;                ///< The broker has closed its channel.
        bool is_told = false;                ///< All that came before its end.
        steady_time taken_at;                ///< Its consumer began then,
        steady_time last_message;            ///< had a message last, or began,
        steady_time ended_at;                ///< and ended.
        std::optional<store::sequence> last; ///< Nothing behind that place came by it: once all is acked.
    };

    void begin();
    void declare_and_count();
    void count_no_more();
    void declare_differing();
    void find_older_queues();
    void share_out();
    share_view look_at_all(std::uint32_t workers, std::uint32_t wanting);
    bool take(std::uint32_t partition);
    void begin_consuming();
    void give_back(std::uint16_t channel, held_queue& which);
    bool is_all_acked(std::uint16_t channel, const held_queue& which) const;
    bool is_done_with(const held_queue& which) const;
    void drain_older_queues();
    void note_no_trouble(std::uint32_t partition);

    std::string lock_of(std::uint32_t partition) const { return names_.work_queue(partition) + ".worker"; }

    bool is_known(std::uint32_t partition) const;
    std::optional<amqp_connection::queue_state> look_at(const std::string& queue);
    void note_usable(std::uint32_t partition);
    void want(bool is_wanting);
    std::uint16_t free_channel();

    amqp_connection::connection& at_;
    const topology& names_;
    link_health& health_;
    const intake_batches& batches_;
    const store::store& events_;
    const unfinished_up_to has_unfinished_;

    std::map<std::uint16_t, held_queue> by_channel_;
    share share_;
    std::vector<std::uint16_t> to_begin_;          ///< Channels whose consumers are still to be begun.
    std::vector<std::uint32_t> older_;             ///< Beyond the partitions there are now.
    std::set<std::uint32_t> differing_;            ///< Their queues are there, and declared otherwise.
    std::map<std::uint32_t, steady_time> refused_; ///< When the broker closed their last channels.
    std::uint32_t place_ = 0;                      ///< Of the queues that it counts by.
    bool is_counted_ = false;                      ///< It is a consumer of the workers' queue.
    bool is_wanting_ = false;                      ///< And of the wanting queue.
    bool is_alone_ = false;                        ///< No other worker was seen at the last look.
    std::uint16_t last_channel_;
    steady_time next_look_;
    steady_time next_search_;
    steady_time next_place_look_;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace outreachd::amqp
