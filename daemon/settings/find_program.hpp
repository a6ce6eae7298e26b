/// Where a program is that is named, as a shell would find it.
#pragma once

#include <string>
#include <string_view>

namespace outreachd::settings {

/// Where programs are looked for when nobody says where: systemd's own list.
inline constexpr std::string_view search_path_default =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct found_program {
    std::string path; ///< Of use only without an error.
    int error = 0;    ///< An errno: ENOENT, EACCES and the like.
};

/// A name with a '/' is a path, and is only looked at; any other is looked for in the folders of
/// `search_path`, separated by ':'. Relative folders, the empty one too, are left out: what runs must
/// not depend on where the daemon was started. Asks the file system; any thread.
found_program find_program(const std::string& name, std::string_view search_path);

} // namespace outreachd::settings
