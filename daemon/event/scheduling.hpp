/// How eagerly a thread takes a core from others.
#pragma once

namespace outreachd {

/// From now on the calling thread, and those it starts, don't take a core from another when they wake: they
/// get an idle one at once, or their turn within a time slice (Linux: SCHED_BATCH).
///
/// For threads that work for many requests at once. Where the cores are busy, the threads that serve
/// connections then get further before the next commit, which so takes more events with one flush.
void yield_to_others() noexcept;

} // namespace outreachd
