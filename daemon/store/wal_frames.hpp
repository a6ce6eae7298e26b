/// The WAL of SQLite as frames (SQLite's file format, section 4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::store {

/// Over pairs of words, on and on.
struct wal_checksum {
    std::uint32_t first = 0;
    std::uint32_t second = 0;

    bool operator==(const wal_checksum&) const = default;
};

/// `bytes`: a multiple of eight. This machine's order of bytes: SQLite writes in it.
wal_checksum continue_checksum(wal_checksum from, std::string_view bytes);

inline constexpr std::size_t wal_header_bytes = 32;
inline constexpr std::size_t frame_header_bytes = 24;
inline constexpr std::size_t frame_bytes = frame_header_bytes + 4096;

/// One frame: its header, and a page.
struct wal_frame {
    std::string bytes;

    std::uint32_t page() const;
    /// Of a commit: how many pages the database has then. Else 0.
    std::uint32_t committed_pages() const;
    /// Both: they change with each new beginning of the WAL.
    std::string_view salts() const;
    wal_checksum stored() const;
    /// What should stand there, going on from the frame before.
    wal_checksum computed(wal_checksum from) const;

    void set_committed_pages(std::uint32_t pages);
    void set_salts(std::string_view salts);
    void set_stored(wal_checksum value);
    void set_content(std::string_view page);
};

/// A WAL that is read, header and frames.
class wal_file {
public:
    /// Throws std::system_error.
    explicit wal_file(std::string path);
    ~wal_file();
    wal_file(const wal_file&) = delete;
    wal_file& operator=(const wal_file&) = delete;

    /// Whole frames; 0 where there is no WAL.
    std::size_t frames() const noexcept { return frames_; }

    const std::string& header() const noexcept { return header_; }

    /// All zeros where the device can't give it: it counts as damaged.
    wal_frame read(std::size_t frame) const;

    /// Of what was asked for until now something couldn't be read.
    bool has_failed() const noexcept { return has_failed_; }

private:
    std::string read_bytes(std::size_t at, std::size_t bytes) const;

    std::string path_;
    int descriptor_ = -1;
    std::size_t frames_ = 0;
    mutable bool has_failed_ = false;
    std::string header_;
};

/// What the frames of now have in common, however much of the header is damaged: then two neighbours that
/// follow from each other show it.
struct wal_generation {
    bool is_header_whole = false;      ///< Else SQLite leaves out all frames.
    std::string salts;                 ///< Empty: no two frames belong together.
    std::array<wal_checksum, 2> seeds; ///< That of the first frame: as stored, and as computed.
};

wal_generation generation_of(const wal_file& wal);

/// A header for frames with those salts.
std::string make_wal_header(std::string_view salts);
wal_checksum stored_in_header(std::string_view header);

} // namespace outreachd::store
