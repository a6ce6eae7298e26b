/// Work queues that take nothing at the moment.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/records.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace outreachd::amqp {

/// Events of one are passed over, so that they hold up no other's. After a pause one of them is sent as a
/// probe; once it is confirmed the rest follows, in order. The pause doubles from 500 ms to 10 s. Pure; one
/// thread.
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

    /// The one that has been due for longest. Not of a queue to which some are on their way still, nor while
    /// another one is probed: they go one after the other.
    std::optional<probe> begin_probe(steady_time now, const std::function<bool(std::uint32_t)>& is_awaited);
    /// From where on events were passed over that may be sent now; tells it once.
    std::optional<store::sequence> first_passed_over();
    /// What was on its way is lost: probes are to be sent again.
    void forget_probes();

    /// Whether it is being tried again.
    bool is_probing(std::uint32_t partition) const;

    bool has_any() const { return !held_.empty(); }

    bool is_held(std::uint32_t partition) const { return held_.contains(partition); }

private:
    enum class phase { waiting, may_probe, probing };

    struct held {
        enum phase phase = phase::waiting;
        steady_time until;
        std::chrono::milliseconds pause{};
        std::optional<store::sequence> first; ///< Passed over, or refused.
    };

    std::map<std::uint32_t, held> held_;
    std::optional<store::sequence> released_from_;
};

} // namespace outreachd::amqp
