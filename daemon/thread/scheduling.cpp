#include "daemon/thread/scheduling.hpp"

#include <pthread.h>
#include <sched.h>

namespace outreachd {

void yield_to_others() noexcept {
    const sched_param no_priority{};
    // Refused in some sandboxes: then it is as eager as all others.
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &no_priority);
}

} // namespace outreachd
