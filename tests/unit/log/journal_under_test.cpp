#include "tests/unit/log/journal_under_test.hpp"

#include "daemon/log/journal_sink.hpp"
#include "daemon/log/patience.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace outreachd::log {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// journald ignores a field of any other name; those that begin with `_` are its own.
bool is_field_name(std::string_view name) {
    if (name.empty() || name.size() > 64 || name.front() == '_' ||
        (name.front() >= '0' && name.front() <= '9'))
        return false;
    return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
}

std::string contents_of(int file) {
    std::string all;
    std::array<char, 65536> piece{};
    for (ssize_t got = 0;
         (got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(all.size()))) > 0;)
        all.append(piece.data(), static_cast<std::size_t>(got));
    return all;
}

} // namespace

std::optional<entry_fields> read_entry(std::string_view bytes) {
    entry_fields fields;
    while (!bytes.empty()) {
        const std::size_t line_end = bytes.find('\n');
        if (line_end == std::string_view::npos)
            return std::nullopt;
        const std::string_view line = bytes.substr(0, line_end);
        bytes.remove_prefix(line_end + 1);
        std::string_view name = line.substr(0, line.find('='));
        std::string_view value;
        if (name.size() < line.size()) {
            value = line.substr(name.size() + 1);
        } else {
            if (bytes.size() < 8)
                return std::nullopt;
            std::uint64_t size = 0;
            for (std::size_t at = 8; at-- > 0;)
                size = size * 256 + static_cast<unsigned char>(bytes[at]);
            bytes.remove_prefix(8);
            if (size >= bytes.size() || bytes[size] != '\n')
                return std::nullopt;
            value = bytes.substr(0, size);
            bytes.remove_prefix(size + 1);
        }
        if (!is_field_name(name))
            return std::nullopt;
        fields.emplace_back(name, value);
    }
    return fields;
}

std::vector<std::string> values_of(const entry_fields& fields, std::string_view name) {
    std::vector<std::string> found;
    for (const auto& [each, value] : fields) {
        if (each == name)
            found.push_back(value);
    }
    return found;
}

journal_under_test::journal_under_test() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outreachd-log-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        fail("mkdtemp");
    directory_ = pattern;
    bind();
}

journal_under_test::~journal_under_test() {
    stop_listening();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void journal_under_test::bind() {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    if (socket_ < 0 || ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fail("bind");
}

std::optional<journal_under_test::received> journal_under_test::next(std::chrono::milliseconds limit) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(limit.count())) <= 0)
        return std::nullopt;
    std::string bytes(
        static_cast<std::size_t>(std::max<ssize_t>(::recv(socket_, nullptr, 0, MSG_PEEK | MSG_TRUNC), 0)),
        '\0');
    iovec payload{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
    if (size < 0)
        fail("recvmsg");
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        throw std::runtime_error("a datagram was cut");
    bytes.resize(static_cast<std::size_t>(size));
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr)
        return received{std::move(bytes), 0};
    if (header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)) || !bytes.empty())
        throw std::runtime_error("a datagram that journald ignores");
    int file = -1;
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    received got{contents_of(file), ::fcntl(file, F_GET_SEALS)};
    ::close(file);
    return got;
}

std::vector<std::string> journal_under_test::rest() {
    std::vector<std::string> all;
    while (auto one = next(std::chrono::milliseconds{0}))
        all.push_back(std::move(one->entry));
    return all;
}

std::size_t journal_under_test::fill(std::string_view entry) {
    patience none;
    none.end_at({});
    // A sender may stop because of its own buffer. The socket is full once a new one can't send anything.
    for (std::size_t total = 0;;) {
        journal_sink sender{path(), none};
        std::size_t taken = 0;
        while (!sender.send(entry))
            ++taken;
        if (taken == 0)
            return total;
        total += taken;
    }
}

void journal_under_test::stop_listening() {
    if (socket_ >= 0)
        ::close(std::exchange(socket_, -1));
}

void journal_under_test::go() {
    stop_listening();
    std::filesystem::remove(path());
}

void journal_under_test::come_back() {
    go();
    bind();
}

} // namespace outreachd::log
