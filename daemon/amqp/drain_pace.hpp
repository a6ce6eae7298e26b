/// How fast a backlog leaves for a broker.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace outreachd::amqp {

/// A backlog that is drained as fast as can be takes the disk and, with the broker near, the cores from what
/// comes in meanwhile. So each event that comes in lets two leave, and 1,000 a second may besides: what comes
/// in goes on at once, and a backlog shrinks whatever the load. Once no more may leave, the next do sixteen
/// at a time, since each turn costs the broker a flush and the store a commit, which acks wait for. Where
/// nothing has come in for a quarter of a second there is no such limit. Pure; one thread.
class drain_pace {
public:
    /// At most so many may leave at once.
    explicit drain_pace(std::size_t most);

    /// To be called often. How many events have come in, since whenever.
    void look(steady_time now, std::uint64_t received);

    bool may_send() const { return is_free_ || !is_gathering_; }

    void note_sent();

    /// Until `may_send`, rounded up; sooner where events come in.
    std::chrono::milliseconds pause() const;

private:
    const double most_;
    const double together_;
    double allowed_; ///< So many may leave.
    bool is_gathering_ = false;
    bool is_free_ = false;
    std::uint64_t received_ = 0;
    std::optional<steady_time> looked_at_;
    steady_time came_at_; ///< The last that came in.
};

} // namespace outreachd::amqp
