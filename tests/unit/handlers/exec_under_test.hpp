/// The `exec` handler as tests make it.
#pragma once

#include "handlers/exec_handler.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <memory>
#include <string>
#include <utility>

#include <sys/stat.h>

namespace outreachd::handlers::test {

/// Named `crm`, with at most four jq processes.
inline std::unique_ptr<handler> make_exec(const settings::exec_handler& configured) {
    return make_exec_handler("crm", configured, std::make_shared<expression::engine>(4));
}

/// `sh -c` is what the test says, never what an event says.
inline settings::exec_handler shell(std::string script) {
    settings::exec_handler configured;
    configured.command = {"/bin/sh", "-c", std::move(script)};
    return configured;
}

inline std::string write_script(const std::string& path, const std::string& script) {
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    ::chmod(path.c_str(), 0755);
    return path;
}

} // namespace outreachd::handlers::test
