/// Which configuration file a command uses, and its part of it.
#pragma once

#include "daemon/settings/load_settings.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::command_line {

inline constexpr const char* default_configuration_path = "/etc/outreachd/outreachd.yaml";

/// `given` by -c, else $OUTREACHD_CONFIG, else the default.
std::string configuration_path(const std::string& given);

/// The whole of `path`, as `serve` and `check` read it: with its jq programs compiled.
settings::loaded load_whole(const std::string& path);

/// The part of `path` that a command needs. Where that is missing or wrong, writes every problem to
/// `err` and returns nothing; warnings are left to `check`. What comes back may still have errors:
/// secrets that can't be read by this user, which may be no matter.
std::optional<settings::loaded> load_for_command(const std::string& path, settings::scope part,
                                                 std::ostream& err);

/// Of secrets that can't be read and that the command needs: writes each one's line, and how a command gets
/// what only the service has.
void write_missing_secrets(const std::vector<settings::problem>& missing, const std::string& path,
                           std::ostream& err);

/// Writes each problem's line.
void write_problems(const std::vector<settings::problem>& problems, const std::string& path,
                    std::ostream& err);

} // namespace outreachd::command_line
