#include "daemon/descriptor_limit.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace outreachd {

namespace {

/// For the store, the handlers, the admin port, and connections that are about to end.
constexpr std::uint64_t descriptors_reserved = 256;

} // namespace

std::uint64_t connections_within(std::uint64_t descriptors) noexcept {
    // So small a limit leaves room for neither: the connections get half of it.
    return descriptors - std::min(descriptors_reserved, descriptors / 2);
}

std::uint64_t raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return RLIM_INFINITY; // The system doesn't say: accept will, where it comes to that.
    const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

} // namespace outreachd
