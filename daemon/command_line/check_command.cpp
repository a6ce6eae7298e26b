/// Loads the whole file, as `serve` does, and starts nothing.
#include "daemon/command_line/check_command.hpp"

#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/settings/load_settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string_view>
#include <tuple>
#include <vector>

#include <pwd.h>
#include <unistd.h>

namespace outreachd::command_line {

namespace {

/// The user that the packaged unit runs the daemon as.
constexpr const char* service_user = "outreachd";

} // namespace

bool may_read_secrets() {
    // INVOCATION_ID alone may be a desktop's, of any user; so the user counts as well.
    if (std::getenv("INVOCATION_ID") == nullptr && std::getenv("CREDENTIALS_DIRECTORY") == nullptr)
        return false;
    if (geteuid() == 0)
        return true;
    const passwd* const user = getpwuid(geteuid());
    return user != nullptr && std::string_view{user->pw_name} == service_user;
}

int check(const std::string& config_path, bool expects_secrets, const streams& to) {
    const settings::loaded configured = load_whole(config_path);
    std::vector<settings::problem> all;
    const auto add_warning = [&all](settings::problem each) {
        each.message.insert(0, "warning: ");
        all.push_back(std::move(each));
    };
    bool has_error = false;
    for (const settings::problem& each : configured.errors) {
        if (each.is_unreadable_secret && !expects_secrets) {
            add_warning(each);
        } else {
            has_error = true;
            all.push_back(each);
        }
    }
    std::for_each(configured.warnings.begin(), configured.warnings.end(), add_warning);
    std::stable_sort(all.begin(), all.end(), [](const settings::problem& a, const settings::problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    write_problems(all, config_path, to.err);
    if (has_error)
        return exit_code::configuration;
    to.out << config_path << ": ok\n";
    return exit_code::ok;
}

} // namespace outreachd::command_line
