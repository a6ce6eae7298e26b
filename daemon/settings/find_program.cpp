#include "daemon/settings/find_program.hpp"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::settings {

namespace {

/// 0 where the calling process may run it.
int error_of(const std::string& path) {
    struct stat about {};

    if (::stat(path.c_str(), &about) != 0)
        return errno;
    if (!S_ISREG(about.st_mode))
        return EACCES;
    return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

} // namespace

found_program find_program(const std::string& name, std::string_view search_path) {
    if (name.find('/') != std::string::npos)
        return {name, error_of(name)};
    // One that may not be run says more than one that isn't there.
    int error = ENOENT;
    while (!search_path.empty()) {
        const std::string_view folder = search_path.substr(0, search_path.find(':'));
        search_path.remove_prefix(folder.size() == search_path.size() ? folder.size() : folder.size() + 1);
        if (!folder.starts_with('/'))
            continue;
        std::string path{folder};
        path += '/';
        path += name;
        const int why = error_of(path);
        if (why == 0)
            return {std::move(path), 0};
        if (why == EACCES)
            error = why;
    }
    return {{}, error};
}

} // namespace outreachd::settings
