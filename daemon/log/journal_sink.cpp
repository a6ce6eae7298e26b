/// Where entries go. Functions that return int return an errno, 0 where all went well.
#include "daemon/log/journal_sink.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace outreachd::log {

namespace {

/// What is asked of the kernel, as libsystemd does; it gives what `net.core.wmem_max` allows.
constexpr int send_buffer_bytes = 8 * 1024 * 1024;

/// An entry in memory that a descriptor stands for.
class sealed_file {
public:
    explicit sealed_file(std::string_view bytes) noexcept
        : number_(::memfd_create("journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
        error_ = number_ < 0 ? errno : fill(bytes);
    }

    ~sealed_file() {
        if (number_ >= 0)
            ::close(number_);
    }

    sealed_file(const sealed_file&) = delete;
    sealed_file& operator=(const sealed_file&) = delete;

    int number() const noexcept { return number_; }

    int error() const noexcept { return error_; }

private:
    int fill(std::string_view bytes) const noexcept {
        while (!bytes.empty()) {
            const ssize_t written = ::write(number_, bytes.data(), bytes.size());
            if (written < 0) {
                if (errno == EINTR)
                    continue;
                return errno;
            }
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        // journald reads what nobody can change any more; from a user other than root it takes nothing else.
        const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
        return ::fcntl(number_, F_ADD_SEALS, seals) == 0 ? 0 : errno;
    }

    int number_;
    int error_;
};

/// Room for a descriptor that goes with a message.
struct control_room {
    alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int))] = {};

    void attach(msghdr& to, int attached) noexcept {
        to.msg_control = bytes;
        to.msg_controllen = sizeof bytes;
        cmsghdr* const header = CMSG_FIRSTHDR(&to);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof attached);
        std::memcpy(CMSG_DATA(header), &attached, sizeof attached);
    }
};

} // namespace

int journal_sink::open() noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
        return ENAMETOOLONG;
    path_.copy(address.sun_path, path_.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0)
        return errno;
    // Without it less waits in the socket, and more in the logger's queue.
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    // Only of a connected socket does poll(2) tell that the journal has room again.
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

void journal_sink::close() noexcept {
    if (socket_ >= 0)
        ::close(std::exchange(socket_, -1));
}

/// `attached` goes instead of bytes; -1 is none.
int journal_sink::send_datagram(std::string_view bytes, int attached) noexcept {
    iovec payload{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    control_room room;
    if (attached >= 0) {
        room.attach(message, attached);
    } else {
        message.msg_iov = &payload;
        message.msg_iovlen = 1;
    }
    for (;;) {
        if (::sendmsg(socket_, &message, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return errno;
        if (waits_.is_over() || !waits_.wait_writable(socket_))
            return ETIMEDOUT;
    }
}

int journal_sink::send_entry(std::string_view entry) noexcept {
    const int error = send_datagram(entry, -1);
    if (error != EMSGSIZE && error != ENOBUFS)
        return error;
    const sealed_file file{entry};
    return file.error() != 0 ? file.error() : send_datagram({}, file.number());
}

std::error_code journal_sink::send(std::string_view entry) noexcept {
    for (;;) {
        const bool is_new = socket_ < 0;
        int error = is_new ? open() : 0;
        if (error == 0)
            error = send_entry(entry);
        if (error == 0 || error == ETIMEDOUT)
            return {error, std::generic_category()};
        // The other end of a socket that was opened earlier may have been replaced, at the same path.
        close();
        if (is_new)
            return {error, std::generic_category()};
    }
}

} // namespace outreachd::log
