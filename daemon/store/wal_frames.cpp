#include "daemon/store/wal_frames.hpp"

#include "daemon/store/big_endian.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

/// 3.7.0, and the order of bytes that the checksums are made in.
constexpr std::uint32_t magic = std::endian::native == std::endian::little ? 0x377F0682 : 0x377F0683;
constexpr std::uint32_t format = 3007000;
constexpr std::uint32_t bytes_of_a_page = 4096;
constexpr std::size_t salts_bytes = 8;

} // namespace

wal_checksum continue_checksum(wal_checksum from, std::string_view bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        std::uint32_t words[2];
        std::memcpy(words, bytes.data() + at, sizeof words);
        from.first += words[0] + from.second;
        from.second += words[1] + from.first;
    }
    return from;
}

std::uint32_t wal_frame::page() const {
    return read_big_endian(bytes, 0);
}

std::uint32_t wal_frame::committed_pages() const {
    return read_big_endian(bytes, 4);
}

std::string_view wal_frame::salts() const {
    return std::string_view(bytes).substr(8, salts_bytes);
}

wal_checksum wal_frame::stored() const {
    return {read_big_endian(bytes, 16), read_big_endian(bytes, 20)};
}

wal_checksum wal_frame::computed(wal_checksum from) const {
    const std::string_view all = bytes;
    return continue_checksum(continue_checksum(from, all.substr(0, 8)), all.substr(frame_header_bytes));
}

void wal_frame::set_committed_pages(std::uint32_t pages) {
    write_big_endian(bytes, 4, pages);
}

void wal_frame::set_salts(std::string_view salts) {
    bytes.replace(8, salts_bytes, salts);
}

void wal_frame::set_stored(wal_checksum value) {
    write_big_endian(bytes, 16, value.first);
    write_big_endian(bytes, 20, value.second);
}

void wal_frame::set_content(std::string_view page) {
    bytes.replace(frame_header_bytes, page.size(), page);
}

wal_file::wal_file(std::string path) : path_(std::move(path)) {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0 && errno == ENOENT)
        return;

    struct stat found {};

    if (descriptor_ < 0 || ::fstat(descriptor_, &found) != 0) {
        const int error = errno;
        if (descriptor_ >= 0)
            ::close(descriptor_);
        throw std::system_error(error, std::generic_category(), "can't read " + path_);
    }
    const auto size = static_cast<std::size_t>(found.st_size);
    if (size < wal_header_bytes + frame_bytes)
        return;
    frames_ = (size - wal_header_bytes) / frame_bytes;
    header_ = read_bytes(0, wal_header_bytes);
}

wal_file::~wal_file() {
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

wal_frame wal_file::read(std::size_t frame) const {
    return {read_bytes(wal_header_bytes + frame * frame_bytes, frame_bytes)};
}

std::string wal_file::read_bytes(std::size_t at, std::size_t bytes) const {
    std::string found(bytes, '\0');
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t got =
            ::pread(descriptor_, found.data() + done, bytes - done, static_cast<off_t>(at + done));
        if (got <= 0) {
            has_failed_ = true;
            return std::string(bytes, '\0');
        }
        done += static_cast<std::size_t>(got);
    }
    return found;
}

namespace {

std::string salts_of_neighbours(const wal_file& wal) {
    wal_frame before = wal.read(0);
    for (std::size_t i = 1; i < wal.frames(); ++i) {
        wal_frame frame = wal.read(i);
        if (frame.salts() == before.salts() && frame.computed(before.stored()) == frame.stored())
            return std::string(frame.salts());
        before = std::move(frame);
    }
    return {};
}

} // namespace

wal_generation generation_of(const wal_file& wal) {
    const std::string& header = wal.header();
    if (wal.frames() == 0)
        return {};
    const wal_checksum stored = stored_in_header(header);
    const wal_checksum computed = continue_checksum({}, std::string_view(header).substr(0, 24));
    const bool is_whole = stored == computed && read_big_endian(header, 0) == magic &&
                          read_big_endian(header, 4) == format &&
                          read_big_endian(header, 8) == bytes_of_a_page;
    return {
        is_whole, is_whole ? header.substr(16, salts_bytes) : salts_of_neighbours(wal), {stored, computed}};
}

std::string make_wal_header(std::string_view salts) {
    std::string header(wal_header_bytes, '\0');
    write_big_endian(header, 0, magic);
    write_big_endian(header, 4, format);
    write_big_endian(header, 8, bytes_of_a_page);
    header.replace(16, salts_bytes, salts);
    const wal_checksum sum = continue_checksum({}, std::string_view(header).substr(0, 24));
    write_big_endian(header, 24, sum.first);
    write_big_endian(header, 28, sum.second);
    return header;
}

wal_checksum stored_in_header(std::string_view header) {
    return {read_big_endian(header, 24), read_big_endian(header, 28)};
}

} // namespace outreachd::store
