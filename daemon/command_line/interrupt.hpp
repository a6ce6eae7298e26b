/// Ctrl-C, or a terminal that is closed, while a command waits.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <csignal>

namespace outreachd::command_line {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP is remembered and no more, so that what is being asked
/// of Outreach is answered and written down: an answer with a new token that nobody reads can cost a login. A
/// second signal ends the program at once. One at a time.
class interrupt_watch {
public:
    interrupt_watch();
    ~interrupt_watch();
    interrupt_watch(const interrupt_watch&) = delete;
    interrupt_watch& operator=(const interrupt_watch&) = delete;

    static bool is_interrupted() noexcept;

    /// Blocks until then; false where it was interrupted.
    static bool sleep_until(steady_time then);

private:
    struct sigaction before_interrupt_ {};

    struct sigaction before_end_ {};

    struct sigaction before_hangup_ {};
};

} // namespace outreachd::command_line
