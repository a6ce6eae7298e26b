/// What Erlang nodes need to be started without the system's own set-up, and to be talked to.
#pragma once

#include "tests/servers/claimed_port.hpp"
#include "tests/servers/guarded_directory.hpp"
#include "tests/servers/server_process.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::test_servers {

/// A directory with a cookie of its own, and an epmd (which tells nodes each other's ports) on loopback.
/// Erlang would start one on all addresses, and it would outlive all tests.
class erlang_home {
public:
    erlang_home(); ///< Throws where epmd can't be run.

    const guarded_directory& directory() const noexcept { return directory_; }

    /// For nodes and for programs that talk to them.
    std::vector<std::string> environment() const;

    /// Evaluates Erlang, such as `1 + 1` or `rabbit:is_running()`, in the node whose distribution listens at
    /// that port; gives the value as Erlang writes it. Takes milliseconds, where rabbitmqctl takes a second.
    /// Throws std::runtime_error with what is wrong, also where there is no answer for a minute.
    std::string evaluate(std::uint16_t distribution_port, std::string_view expressions) const;

private:
    guarded_directory directory_;
    claimed_port port_;
    std::optional<server_process> epmd_;
};

/// Writes a file; throws std::runtime_error where it can't be written.
void write_file(const std::string& path, std::string_view content);

} // namespace outreachd::test_servers
