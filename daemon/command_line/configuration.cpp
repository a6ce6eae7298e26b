/// Finds and loads; what a command does about problems is here, once.
#include "daemon/command_line/configuration.hpp"

#include "daemon/expression/engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <ostream>

namespace outreachd::command_line {

std::string configuration_path(const std::string& given) {
    if (!given.empty())
        return given;
    const char* const named = std::getenv("OUTREACHD_CONFIG");
    return named != nullptr && *named != '\0' ? named : default_configuration_path;
}

settings::loaded load_whole(const std::string& path) {
    expression::engine programs{1};
    return settings::load_settings(path, settings::scope::all, [&programs](const std::string& program) {
        return programs.refuse(program);
    });
}

std::optional<settings::loaded> load_for_command(const std::string& path, settings::scope part,
                                                 std::ostream& err) {
    settings::loaded configured = settings::load_settings(path, part);
    const bool is_usable =
        std::all_of(configured.errors.begin(), configured.errors.end(),
                    [](const settings::problem& each) { return each.is_unreadable_secret; });
    if (is_usable)
        return configured;
    write_problems(configured.errors, path, err);
    return std::nullopt;
}

void write_missing_secrets(const std::vector<settings::problem>& missing, const std::string& path,
                           std::ostream& err) {
    write_problems(missing, path, err);
    if (!missing.empty())
        err << "outreachd: what only the service has, systemd-run gives to a command, too: `man outreachd`, "
               "ENVIRONMENT\n";
}

void write_problems(const std::vector<settings::problem>& problems, const std::string& path,
                    std::ostream& err) {
    for (const settings::problem& each : problems)
        err << settings::to_text(each, path) << '\n';
}

} // namespace outreachd::command_line
