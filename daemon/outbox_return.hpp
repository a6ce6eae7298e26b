/// What is left in the outbox on a host that has no broker any more.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/store/store.hpp"

#include <memory>

namespace outreachd {

/// Hands events that waited for a broker to the handlers of this host, a piece at a time, oldest first: the
/// configuration was changed from `queue.type: amqp` to `embedded`. A thread of its own, for as long as that
/// takes. Store and log outlive it.
class outbox_return {
public:
    outbox_return(store::store& events, store::routing_of route, log::logger& log);
    ~outbox_return();
    outbox_return(const outbox_return&) = delete;
    outbox_return& operator=(const outbox_return&) = delete;

    void start();
    /// What isn't handed over then is at the next start. Blocks for a second at most. False: the thread hangs
    /// in the disk and is left behind; leave by _Exit.
    bool stop();

private:
    struct progress;

    const std::shared_ptr<progress> progress_;
};

} // namespace outreachd
