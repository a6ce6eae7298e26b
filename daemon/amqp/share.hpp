/// How workers share the work queues out among themselves, with RabbitMQ as the only go-between.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace outreachd::amqp {

/// N/W, rounded up; all where the workers aren't known.
std::uint32_t share_at_most(std::uint32_t partitions, std::uint32_t workers) noexcept;

/// N/W, rounded down.
std::uint32_t share_at_least(std::uint32_t partitions, std::uint32_t workers) noexcept;

/// What a worker can see of the others.
struct share_view {
    std::uint32_t partitions = 0;
    std::uint32_t workers = 0; ///< Consumers of the workers' queue, this one among them; 0: not known now.
    std::uint32_t wanting = 0; ///< Consumers of the wanting queue: those with less than their share.
    std::set<std::uint32_t> held;
    std::vector<std::uint32_t> free; ///< Without a consumer.
};

/// What it does about it.
struct share_step {
    std::vector<std::uint32_t> take;
    std::vector<std::uint32_t> give;
    bool is_wanting = false; ///< It tells the others that it has less than its share.
};

/// With N queues and W workers each comes to hold N/W: rounded down at least, rounded up at most. One that
/// has less takes what is free, and says that it wants; then those that have more than the least give back.
/// What is left over after that, free for `leftover_looks` looks, goes to whoever has room, and after
/// `abandoned_looks` to anybody, who keeps it for `keep_looks`: no queue is without a worker because some are
/// counted that are gone. One that has more than its share for `surplus_looks` gives it back though nobody
/// wants. So it settles, and nothing moves without a reason. Pure.
class share {
public:
    static constexpr std::uint32_t leftover_looks = 3;
    static constexpr std::uint32_t abandoned_looks = 8;
    static constexpr std::uint32_t surplus_looks = 6;
    static constexpr std::uint32_t keep_looks = 600;

    /// `chance`: in [0, 1), so that several that may give back don't all do so at once.
    share_step next(const share_view& seen, double chance);

    /// What it was to take wasn't to be had, and it holds less than its share without that: it goes on
    /// wanting.
    void note_missed() { was_wanting_ = true; }

private:
    std::uint32_t looks_with_leftover_ = 0;
    std::uint32_t looks_with_surplus_ = 0;
    std::uint32_t looks_to_keep_ = 0;
    bool was_wanting_ = false;
};

} // namespace outreachd::amqp
