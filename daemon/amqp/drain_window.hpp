/// How many events may be on their way to a broker.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace outreachd::amqp {

/// A backlog that is drained as fast as can be takes the disk and, with the broker near, the cores from what
/// comes in meanwhile: each commit of what was published is one that an ack waits for. So while events come
/// in the window shrinks, down to a thirty-second, until a backlog leaves at no more than 8 times their rate;
/// where it leaves at less than 4 times, as over a long line, it grows again. However little comes in, a
/// backlog leaves at 1,000 a second at least, where the broker takes so many. With nothing coming in the
/// window is whole. It begins small. Pure; one thread.
class drain_window {
public:
    explicit drain_window(std::size_t most);

    std::size_t size() const { return size_; }

    /// To be called often. How many events have come in and were published, since whenever.
    void look(steady_time now, std::uint64_t received, std::uint64_t published);

private:
    struct count {
        steady_time at;
        std::uint64_t received = 0;
        std::uint64_t published = 0;
    };

    const std::size_t least_;
    const std::size_t most_;
    std::size_t size_;
    std::optional<count> last_;
};

} // namespace outreachd::amqp
