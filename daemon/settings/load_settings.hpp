/// Reads and checks a configuration file.
#pragma once

#include "daemon/settings/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::settings {

/// What is wrong, or doubtful, at one place of the file. Line and column count from 1; 0 where the
/// problem is the file itself.
struct problem {
    int line = 0;
    int column = 0;
    std::string message;
    /// A secret that couldn't be read here and now: a file the user may not open, a variable or a
    /// credential that only the service has. An error like any other, which `check` outside the service
    /// shows as a warning. Where no error is anything else, the rest of the settings can be used.
    bool is_unreadable_secret = false;
};

/// Which parts are read. A command loads only the part that it uses, so that a secret only the
/// service can read doesn't stop it.
enum class scope {
    all,       ///< `serve`, `check`
    send,      ///< `listen`, `endpoints`
    admin_api, ///< `admin`
    outreach,  ///< `outreach`, `store`
    webhooks,  ///< those, `webhooks`, `endpoints`
};

struct loaded {
    struct settings settings;      ///< Of use only where `errors` is empty.
    std::vector<problem> errors;   ///< In the order of the file; all of them.
    std::vector<problem> warnings; ///< Inline secrets, plain HTTP and the like.
};

/// Why a jq program can't be used, in jq's words; nothing where it can.
using expression_check = std::function<std::optional<std::string>(const std::string& program)>;

/// Reads `path`. Each jq program in it is given to `check`; without one, programs are only found. Does no
/// more than read files: certificate and key are opened and parsed, secrets and `${NAME}` are read. Doesn't
/// throw for anything the file or the system can hold.
loaded load_settings(const std::string& path, scope part = scope::all, const expression_check& check = {});

/// The same from text.
loaded parse_settings(const std::string& text, scope part = scope::all, const expression_check& check = {});

/// `FILE:LINE:COLUMN: message`, or `FILE: message` where there is no line.
std::string to_text(const problem& what, const std::string& path);

} // namespace outreachd::settings
