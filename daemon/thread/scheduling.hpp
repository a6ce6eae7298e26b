/// How eagerly a thread takes a core from others.
#pragma once

namespace outreachd {

/// From now on the calling thread, and those it starts, don't take a core from another when they wake: they
/// get an idle one at once, or their turn within some time slices (Linux: SCHED_BATCH).
///
/// For threads nobody waits for. Not for one that an answer waits for: where other programs keep all cores
/// busy, a commit so begun takes 12 ms instead of 1.
void yield_to_others() noexcept;

} // namespace outreachd
