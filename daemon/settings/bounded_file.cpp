#include "daemon/settings/bounded_file.hpp"

#include "daemon/settings/findings.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::settings {

namespace {

class descriptor {
public:
    explicit descriptor(int value) : value_(value) {}

    ~descriptor() {
        if (value_ >= 0)
            ::close(value_);
    }

    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    int get() const noexcept { return value_; }

private:
    int value_;
};

std::string because(int error) {
    return std::generic_category().message(error);
}

/// Empty, or why the rest couldn't be read.
std::string read_rest(int file, std::size_t bytes_max, std::string& into) {
    char part[16 * 1024];
    for (;;) {
        const ssize_t got = ::read(file, part, sizeof part);
        if (got == 0)
            return {};
        if (got < 0) {
            if (errno == EINTR)
                continue;
            return because(errno);
        }
        into.append(part, static_cast<std::size_t>(got));
        if (into.size() > bytes_max)
            return "it is over " + std::to_string(bytes_max) + " bytes";
    }
}

} // namespace

file_contents read_file(const std::string& path, std::size_t bytes_max, file_kind kind) {
    file_contents result;
    const auto refuse = [&](const std::string& why) {
        result.text.clear();
        result.problem = "can't read " + in_quotes(path) + ": " + why;
        return result;
    };
    // Opening a pipe would wait for its writer.
    const int waiting = kind == file_kind::regular ? O_NONBLOCK : 0;
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | waiting)};
    if (file.get() < 0)
        return refuse(because(errno));

    struct stat facts {};

    if (::fstat(file.get(), &facts) != 0)
        return refuse(because(errno));
    if (S_ISDIR(facts.st_mode))
        return refuse("it is a directory");
    if (kind == file_kind::regular && !S_ISREG(facts.st_mode))
        return refuse("it is a device or a pipe, not a file");
    result.mode = facts.st_mode & 0777U;
    result.is_open_to_others = (facts.st_mode & (S_IROTH | S_IWOTH)) != 0;
    if (const std::string why = read_rest(file.get(), bytes_max, result.text); !why.empty())
        return refuse(why);
    return result;
}

} // namespace outreachd::settings
