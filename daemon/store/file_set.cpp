#include "daemon/store/file_set.hpp"

#include "daemon/store/wal_mending.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

constexpr std::string_view prefix = "events-";
constexpr std::string_view suffix = ".db";
constexpr std::string_view index_suffix = "-shm";
/// The database last: until it is gone a start takes it up again, and comes to the same end.
constexpr std::string_view companions[] = {new_wal_suffix,     new_database_suffix, "-wal",
                                           damaged_wal_suffix, index_suffix,        ""};

void sync_path(const std::string& directory) {
    const int descriptor =
        ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int error = errno;
    if (descriptor >= 0)
        ::close(descriptor);
    if (!is_synced)
        throw std::system_error(error, std::generic_category(), "can't flush the directory " + directory);
}

std::string error_text(int error) {
    return std::generic_category().message(error);
}

} // namespace

file_set::file_set(std::string directory) : directory_(std::move(directory)) {
    std::error_code made;
    const bool is_new = std::filesystem::create_directories(directory_, made);
    if (made)
        throw std::runtime_error("can't make the store's directory " + directory_ + ": " + made.message());
    if (is_new) { // bodies and tokens are nobody else's business
        std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, made);
        sync_path(std::filesystem::path(directory_).parent_path().string());
    }
    const std::string lock_path = directory_ + "/lock";
    lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_ < 0)
        throw std::runtime_error("can't use the store's directory: " + lock_path + ": " + error_text(errno) +
                                 ". It must be writable by the user outreachd runs as");
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(lock_);
        throw std::runtime_error(error == EWOULDBLOCK
                                     ? "another outreachd holds the store in " + directory_ +
                                           ": stop it, or give this one a store.directory of its own"
                                     : "can't lock " + lock_path + ": " + error_text(error));
    }
}

file_set::~file_set() {
    ::close(lock_);
}

std::vector<std::int64_t> file_set::numbers() const {
    std::vector<std::int64_t> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        const std::string name = entry.path().filename().string();
        if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
            !name.ends_with(suffix))
            continue;
        const char* const first = name.data() + prefix.size();
        const char* const last = name.data() + name.size() - suffix.size();
        std::int64_t number = 0;
        if (const auto [end, ec] = std::from_chars(first, last, number); ec == std::errc{} && end == last)
            found.push_back(number);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string file_set::path_of(std::int64_t number) const {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%06lld", static_cast<long long>(number));
    return directory_ + "/" + std::string(prefix) + digits + std::string(suffix);
}

void file_set::sync_directory() const {
    sync_path(directory_);
}

void file_set::remove(std::int64_t number) const {
    for (const std::string_view companion : companions) {
        const std::string name = path_of(number).append(companion);
        // An idle reader may have it open still, and the space is to be given back at once all the same.
        // Not so the index: connections have it mapped, and would die of touching what is no more.
        if (companion == index_suffix || ::truncate(name.c_str(), 0) == 0)
            ::unlink(name.c_str());
    }
    sync_directory();
}

std::string file_set::keep_as_damaged(std::int64_t number) const {
    std::string kept = path_of(number) + ".damaged";
    for (const std::string_view companion : companions) {
        const std::string from = path_of(number).append(companion);
        if (::rename(from.c_str(), std::string(kept).append(companion).c_str()) != 0 && errno != ENOENT)
            throw std::system_error(errno, std::generic_category(), "can't rename " + from);
    }
    sync_directory();
    return kept;
}

} // namespace outreachd::store
