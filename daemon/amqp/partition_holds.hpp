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
/// probe: of those that were passed over the first that can be sent, or else the next one that is read. Once
/// it is confirmed the rest follows, in order. The pause doubles from 500 ms to 10 s. Pure; one thread.
class partition_holds {
public:
    /// The queue has refused an event, `at`, or can't be used at all (0).
    void hold(std::uint32_t partition, store::sequence at, steady_time now);
    /// Whether an event of it that is read, in order, may be sent; one that may not is passed over.
    bool may_send(std::uint32_t partition, store::sequence at);
    /// One has been sent.
    void note_sent(std::uint32_t partition, store::sequence at);
    /// One was confirmed: true where the queue was in trouble until now.
    bool note_taken(std::uint32_t partition);

    /// A queue whose pause is over.
    struct probe {
        std::uint32_t partition = 0;
        std::optional<store::sequence> first; ///< From here on events of it were passed over.
        bool has_refused = false;             ///< Else it was only known that it couldn't be used.
        friend bool operator==(const probe&, const probe&) = default;
    };

    /// The one that has been due for longest, of those that may be tried now. None while one is probed, since
    /// they go one after the other, nor before `first_passed_over` was asked: reading goes back then.
    std::optional<probe> begin_probe(steady_time now, const std::function<bool(const probe&)>& may_try);
    /// Of which queue an event is to be looked for and sent, from `first` on.
    std::optional<probe> wanted_probe() const;
    /// There is one, but it can't be sent now. Again after the same pause.
    void postpone_probe(std::uint32_t partition, steady_time now);
    /// None is looked for now. Again as soon as it may be.
    void call_off_probe(std::uint32_t partition);
    /// There is none: the next one that is read is the probe.
    void note_none_left(std::uint32_t partition);

    /// From where on events were passed over that may be sent now; tells it once.
    std::optional<store::sequence> first_passed_over();
    /// All are read anew, from the first on.
    void forget_passed_over();
    /// What was on its way is lost.
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
        std::optional<store::sequence> first; ///< Passed over, refused, or sent as a probe.
        bool has_refused = false;

        bool wants_probe() const { return phase == phase::may_probe && first; }
    };

    std::map<std::uint32_t, held> held_;
    std::optional<store::sequence> released_from_;
};

} // namespace outreachd::amqp
