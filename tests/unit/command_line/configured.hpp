/// Runs commands as the program does, with a configuration of the test's own.
#pragma once

#include "daemon/command_line/command_line.hpp"
#include "tests/servers/test_certificate.hpp"
#include "tests/unit/command_line/scratch_directory.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace outreachd::command_line {

struct command_result {
    int exit_code = -1;
    std::string out;
    std::string err;
};

/// Runs `outreachd ARGUMENTS…`; `serve` is one that only says which file it was given.
inline command_result run_command(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv{"outreachd"};
    for (const std::string& each : arguments)
        argv.push_back(each.c_str());
    std::ostringstream out;
    std::ostringstream err;
    const commands given{.serve = [&](const std::string& path) {
        out << "serving " << path << '\n';
        return 0;
    }};
    const int code = run(static_cast<int>(argv.size()), argv.data(), given, {out, err});
    return {code, out.str(), err.str()};
}

/// The first secret of the endpoint that `listener_configuration` writes.
inline constexpr const char* first_secret = "first-secret-of-the-test";

/// A configuration whose listener has that certificate, at that port of 127.0.0.1.
inline std::string listener_configuration(const scratch_directory& scratch, std::uint16_t port,
                                          const test_servers::certificate_pair& pair) {
    const std::string certificate = scratch.file("certificate.pem", pair.certificate);
    const std::string key = scratch.file("key.pem", pair.private_key);
    return scratch.file("outreachd.yaml", "listen:\n  address: 127.0.0.1\n  port: " + std::to_string(port) +
                                              "\n  tls: {certificate: " + certificate +
                                              ", private_key: " + key +
                                              "}\nendpoints:\n  - path: /webhooks/outreach\n    secrets: [" +
                                              first_secret + ", an-older-secret]\n");
}

} // namespace outreachd::command_line
