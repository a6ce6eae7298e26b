#include "daemon/store/replace_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;

class open_file {
public:
    open_file(const std::string& path, int flags)
        : number_(::open(path.c_str(), flags | O_CLOEXEC, file_mode)) {}

    ~open_file() {
        if (number_ >= 0)
            ::close(number_);
    }

    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    bool is_open() const noexcept { return number_ >= 0; }

    int number() const noexcept { return number_; }

    int release() noexcept { return std::exchange(number_, -1); }

private:
    int number_;
};

std::string failure(const char* what, const std::string& path, int error) {
    return std::string{"can't "} + what + " '" + path + "': " + std::generic_category().message(error);
}

/// What root writes for the daemon's user is that user's.
bool give_to_owner_of_directory(int file, const std::string& path) {
    if (::geteuid() != 0)
        return true;

    struct stat directory {};

    return ::stat(parent_of(path).c_str(), &directory) == 0 &&
           ::fchown(file, directory.st_uid, directory.st_gid) == 0;
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool sync_directory_of(const std::string& path) {
    const open_file directory{parent_of(path), O_RDONLY | O_DIRECTORY};
    return directory.is_open() && ::fsync(directory.number()) == 0;
}

} // namespace

std::string parent_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

std::string replace_file(const std::string& path, std::string_view text, endurance kept) {
    const std::string fresh = path + ".new";
    const auto refuse = [&] {
        const int error = errno;
        ::unlink(fresh.c_str());
        return failure("write", path, error);
    };
    {
        // What a crash has left there may have another mode.
        if (::unlink(fresh.c_str()) != 0 && errno != ENOENT)
            return failure("write", path, errno);
        const open_file file{fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW};
        if (!file.is_open())
            return failure("write", path, errno);
        if (!write_all(file.number(), text) || !give_to_owner_of_directory(file.number(), path) ||
            (kept == endurance::power_cut && ::fsync(file.number()) != 0))
            return refuse();
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0)
        return refuse();
    if (kept == endurance::power_cut && !sync_directory_of(path))
        return failure("write", path, errno);
    return {};
}

whole_text read_whole(const std::string& path, std::size_t bytes_max) {
    whole_text read;
    const open_file file{path, O_RDONLY | O_NONBLOCK | O_NOCTTY};
    if (!file.is_open()) {
        if (errno != ENOENT)
            read.problem = failure("read", path, errno);
        return read;
    }
    char piece[4096];
    for (;;) {
        const ssize_t got = ::read(file.number(), piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            read.problem = failure("read", path, errno);
        if (got <= 0)
            break;
        read.text.append(piece, static_cast<std::size_t>(got));
        if (read.text.size() > bytes_max) {
            read.problem = "can't read '" + path + "': it is over " + std::to_string(bytes_max) + " bytes";
            break;
        }
    }
    read.is_there = read.problem.empty();
    return read;
}

int open_lock_file(const std::string& path) {
    open_file file{path, O_RDWR | O_CREAT | O_NOFOLLOW};
    if (file.is_open())
        give_to_owner_of_directory(file.number(), path);
    return file.release();
}

std::string make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), directory_mode) == 0 || errno == EEXIST)
        return {};
    return failure("make the directory", path, errno);
}

} // namespace outreachd::store
