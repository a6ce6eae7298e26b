#include "tests/servers/erlang_home.hpp"

#include "tests/servers/bare_client.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace outreachd::test_servers {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto epmd_limit = 30s;

/// Erlang takes a cookie only from a file that its owner alone can read.
void write_cookie(const std::string& path) {
    std::random_device any;
    write_file(path, std::to_string(any()) + std::to_string(any()));
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
}

bool is_listening(std::uint16_t port) {
    try {
        const bare_client client{port};
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

} // namespace

erlang_home::erlang_home() {
    write_cookie(directory_.at(".erlang.cookie"));
    epmd_.emplace(server_program{
        .arguments = {"epmd", "-port", std::to_string(port_.number()), "-address", "127.0.0.1"},
        .environment = environment()});
    const auto give_up_at = steady_clock::now() + epmd_limit;
    while (!is_listening(port_.number())) {
        if (!epmd_->is_running() || steady_clock::now() > give_up_at)
            throw std::runtime_error("epmd doesn't start");
        std::this_thread::sleep_for(2ms);
    }
}

std::vector<std::string> erlang_home::environment() const {
    const char* const path = std::getenv("PATH");
    return {
        directory_.mark(),
        std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin"),
        "HOME=" + directory_.path(),
        "LC_ALL=C.UTF-8",
        "ERL_EPMD_PORT=" + std::to_string(port_.number()),
        "ERL_EPMD_ADDRESS=127.0.0.1",
        // A node that dies leaves no dump.
        "ERL_CRASH_DUMP_SECONDS=0",
    };
}

std::string erlang_home::evaluate(std::uint16_t distribution_port, std::string_view expressions) const {
    // Printed over there, since erl_call itself writes strings and binaries so that one can't read them.
    const std::string printing = "io:format(\"~0tp\", [begin " + std::string(expressions) + " end]).\n";
    // -R: its name is the peer's choice. Its own is the same each time, and refused until the peer has
    // noticed that the call before is gone.
    program_result result =
        run_to_end({.arguments = {"timeout", "--signal=KILL", "60", "erl_call", "-R", "-address",
                                  "127.0.0.1:" + std::to_string(distribution_port), "-fetch_stdout", "-e"},
                    .environment = environment()},
                   printing);
    constexpr std::string_view after = "{ok, ok}";
    if (result.exit_code != 0 || !result.output.ends_with(after))
        throw std::runtime_error("erl_call ended with " + std::to_string(result.exit_code) + ": " +
                                 result.output);
    result.output.resize(result.output.size() - after.size());
    return std::move(result.output);
}

void write_file(const std::string& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary);
    file << content << std::flush;
    if (!file)
        throw std::runtime_error("the test can't write " + path);
}

} // namespace outreachd::test_servers
