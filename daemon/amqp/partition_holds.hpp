/// Work queues that take nothing at the moment.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/records.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace outreachd::amqp {

/// Events of one are passed over, so that they hold up no other's. After a pause one of them is sent as a
/// probe; once it is confirmed the rest follows, in order. The pause doubles from 500 ms to 10 s.
///
/// On a new channel each queue begins so, without a pause: RabbitMQ refuses the first message of a channel to
/// a quorum queue that has no leader yet, as where it was just declared, and takes those right behind it.
/// Pure; one thread.
class partition_holds {
public:
    /// The queue has refused an event, `at`, or can't be used at all (0).
    void hold(std::uint32_t partition, store::sequence at, steady_time now);
    /// Whether an event of it may be sent now; one that may not is remembered as passed over.
    bool may_send(std::uint32_t partition, store::sequence at);
    /// One has been sent.
    void note_sent(std::uint32_t partition);
    /// One was confirmed: true where the queue was in trouble until now.
    bool note_taken(std::uint32_t partition);

    /// A queue whose pause is over: a probe may be sent now, `first` if that is known.
    struct probe {
        std::uint32_t partition = 0;
        std::optional<store::sequence> first; ///< Passed over, or refused.
        friend bool operator==(const probe&, const probe&) = default;
    };

    std::vector<probe> begin_probes(steady_time now);
    /// From where on events were passed over that may be sent now; tells it once.
    std::optional<store::sequence> first_passed_over();
    /// Nothing is in flight, and the channel is new: the first event to each of so many queues goes alone.
    void begin_channel(std::uint32_t partitions);

    /// Whether one that has refused is being tried again.
    bool is_probing(std::uint32_t partition) const;

    bool is_held(std::uint32_t partition) const { return held_.contains(partition); }

private:
    enum class phase { waiting, may_probe, probing };

    struct held {
        enum phase phase = phase::waiting;
        steady_time until;
        std::chrono::milliseconds pause{};    ///< None: it hasn't refused anything.
        std::optional<store::sequence> first; ///< Passed over, or refused.
    };

    void release(std::optional<store::sequence> first);

    std::map<std::uint32_t, held> held_;
    std::optional<store::sequence> released_from_;
};

} // namespace outreachd::amqp
