/// For tests of what goes on in a sandbox that forbids system calls.
#pragma once

#include <gtest/gtest.h>

#include <span>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace outreachd {

/// From now on these rules hold for the calling thread, and what it starts.
inline void forbid_calls(std::span<sock_filter> rules) {
    const sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

} // namespace outreachd
