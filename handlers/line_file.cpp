/// A file that whole lines are appended to, and that may be rotated away meanwhile.
#include "handlers/line_file.hpp"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::handlers {

/// An open descriptor, and how far its lines are known to be on the disk.
struct line_file::open_file {
    explicit open_file(int opened) : descriptor(opened) {}

    ~open_file() { ::close(descriptor); }

    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    const int descriptor;
    dev_t device = 0;
    ino_t inode = 0;
    bool is_regular = false;
    bool ends_mid_line = false;             ///< Of a line that could not be taken back. Guarded by `mutex_`.
    std::atomic<std::uint64_t> written = 0; ///< Lines.
    std::mutex sync_mutex;                  ///< Held while syncing: those that wait are synced by the next.
    std::uint64_t synced = 0;               ///< Lines. Guarded by `sync_mutex`.
    bool has_failed_sync = false;           ///< Guarded by `sync_mutex`.
};

namespace {

std::string advice(int error) {
    switch (error) {
    case ENOENT:
        return "; create its directory";
    case EACCES:
    case EPERM:
    case EROFS:
        return "; let the daemon's user write there";
    case ENOSPC:
    case EDQUOT:
        return "; make room on that file system";
    case EMFILE:
    case ENFILE:
        return "; raise the limit on open files (LimitNOFILE= in the unit)";
    case EFBIG:
        return "; rotate the file or raise the limit on file sizes";
    default:
        return "";
    }
}

std::string failure(std::string_view what, const std::string& path, int error) {
    return std::string{"can't "} + std::string{what} + " " + path + ": " +
           std::generic_category().message(error) + advice(error);
}

/// Whether the file was left in the middle of a line, by a crash or a full disk. One that can't be
/// read is taken for whole.
bool is_cut_short(const std::string& path, off_t size) {
    if (size == 0)
        return false;
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    char last = '\n';
    const bool is_read = ::pread(descriptor, &last, 1, size - 1) == 1;
    ::close(descriptor);
    return is_read && last != '\n';
}

/// A new file's name survives a power cut only once its directory is on the disk. 0, or why it isn't.
int sync_directory_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    const int descriptor = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    // EINVAL: a file system that has no sync of directories, and so nothing that could be done.
    const int error = ::fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
    ::close(descriptor);
    return error;
}

ssize_t write_some(int descriptor, std::string_view bytes) noexcept {
    ssize_t written = 0;
    do {
        written = ::write(descriptor, bytes.data(), bytes.size());
    } while (written < 0 && errno == EINTR);
    return written;
}

} // namespace

line_file::line_file(std::string path, bool sync_each) : path_(std::move(path)), sync_each_(sync_each) {}

line_file::~line_file() = default;

std::optional<std::string> line_file::append(std::string_view line) {
    std::shared_ptr<open_file> file;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (auto problem = open_if_needed())
            return problem;
        if (auto problem = write_whole(line))
            return problem;
        file = file_;
        number = ++file->written;
    }
    // A pipe or a terminal has nothing to sync.
    if (!sync_each_ || !file->is_regular)
        return std::nullopt;
    auto problem = sync(*file, number);
    if (problem) {
        const std::lock_guard lock(mutex_);
        if (file_ == file)
            file_.reset();
    }
    return problem;
}

void line_file::reopen() {
    wants_reopen_ = true;
}

/// Looks at the path before each line: one stat(2), about a microsecond, and no line ever goes to a
/// file that was rotated away or removed before it.
std::optional<std::string> line_file::open_if_needed() {
    struct stat now {};

    if (wants_reopen_.exchange(false))
        file_.reset();
    if (file_ && ::stat(path_.c_str(), &now) == 0 && now.st_dev == file_->device &&
        now.st_ino == file_->inode)
        return std::nullopt;
    file_.reset();
    const int descriptor = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (descriptor < 0)
        return failure("open", path_, errno);
    auto opened = std::make_shared<open_file>(descriptor);
    if (::fstat(descriptor, &now) != 0)
        return failure("look at", path_, errno);
    opened->device = now.st_dev;
    opened->inode = now.st_ino;
    opened->is_regular = S_ISREG(now.st_mode);
    opened->ends_mid_line = opened->is_regular && is_cut_short(path_, now.st_size);
    if (sync_each_ && opened->is_regular)
        if (const int error = sync_directory_of(path_))
            return failure("sync the directory of", path_, error);
    file_ = std::move(opened);
    return std::nullopt;
}

std::optional<std::string> line_file::write_whole(std::string_view line) {
    std::string behind_a_torn_line;
    if (file_->ends_mid_line) {
        behind_a_torn_line.reserve(line.size() + 1);
        behind_a_torn_line.append("\n").append(line);
        line = behind_a_torn_line;
    }
    const ssize_t written = write_some(file_->descriptor, line);
    if (written == static_cast<ssize_t>(line.size())) {
        file_->ends_mid_line = false;
        return std::nullopt;
    }
    if (written <= 0)
        return failure("write to", path_, written < 0 ? errno : EIO);

    // The rest of a short write says why it was short. Whether it is written now or not, the line
    // is whole only if all of it is there.
    const auto rest = line.substr(static_cast<std::size_t>(written));
    const ssize_t more = write_some(file_->descriptor, rest);
    if (more == static_cast<ssize_t>(rest.size())) {
        file_->ends_mid_line = false;
        return std::nullopt;
    }
    const int cause = more < 0 ? errno : ENOSPC;

    // Take the torn line back, unless another program has written behind it.
    const off_t torn = static_cast<off_t>(written + (more > 0 ? more : 0));

    struct stat now {};

    const off_t end = ::lseek(file_->descriptor, 0, SEEK_CUR);
    const bool is_ours =
        file_->is_regular && ::fstat(file_->descriptor, &now) == 0 && end == now.st_size && end >= torn;
    if (!is_ours || ::ftruncate(file_->descriptor, end - torn) != 0)
        file_->ends_mid_line = true;
    return failure("write a whole line to", path_, cause);
}

/// One sync covers every line written before it began, so threads that wait here share them. After
/// one that failed, the kernel may have dropped the pages and call the next a success: every line
/// not yet known to be safe is reported as failed, and the file is opened anew.
std::optional<std::string> line_file::sync(open_file& file, std::uint64_t line_number) const {
    const std::lock_guard lock(file.sync_mutex);
    if (file.synced >= line_number)
        return std::nullopt;
    if (file.has_failed_sync)
        return "can't sync " + path_ + ": an earlier sync of it failed";
    const std::uint64_t covered = file.written;
    if (::fdatasync(file.descriptor) != 0) {
        file.has_failed_sync = true;
        return failure("sync", path_, errno);
    }
    file.synced = covered;
    return std::nullopt;
}

} // namespace outreachd::handlers
