/// What a program's end says of the delivery.
#pragma once

#include "daemon/event/outcome.hpp"
#include "handlers/program_runner.hpp"

#include <cstdint>
#include <span>

namespace outreachd::handlers {

/// Exit status 0 is done, one that `dead_on` lists is dead, and any other, 75 (EX_TEMPFAIL of sysexits.h)
/// first of all, is tried again; so is what was ended by a signal or at the timeout, or couldn't be
/// started. Dead too is what is too long for the kernel, since that lies in the event. The beginning of
/// what the program wrote is the answer: it may be anything, so it stands in no reason. Asks the file
/// system why a start failed; any thread.
outcome judge_program(const program& what, const program_end& ended, std::span<const std::uint8_t> dead_on);

} // namespace outreachd::handlers
