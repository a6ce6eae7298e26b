/// Ports that stay a test's own while nothing listens on them.
#pragma once

#include "handlers/descriptor.hpp"

#include <cstdint>

namespace outreachd::test_servers {

/// A port of 127.0.0.1 that nothing listened on, and that no other `claimed_port` of any process on this
/// machine will be while this one is there.
///
/// For servers that go away and come back. It lies below those that the kernel gives to outgoing
/// connections: among these a client that tries again and again would sooner or later be connected to itself.
class claimed_port {
public:
    claimed_port(); ///< Throws where a thousand tries found none.

    std::uint16_t number() const noexcept { return number_; }

private:
    handlers::descriptor claim_; ///< A socket with a name that is the port's, gone with the process.
    std::uint16_t number_ = 0;
};

} // namespace outreachd::test_servers
