/// The store's directory: its lock, and the names of its database files.
///
/// The store writes to `events-NNNNNN.db` with the highest number. A file that is no longer trusted
/// is never written again and never renamed while anybody has it open (SQLite finds a file's WAL by
/// name): the store goes on in a file with the next number, and what the older one holds is carried
/// over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace outreachd::store {

/// Holds the directory for this process, until destruction.
class file_set {
public:
    /// Makes the directory (mode 0700) where it is missing. Throws std::runtime_error, naming path and
    /// cause, where it can't be used or another process holds it.
    explicit file_set(std::string directory);
    ~file_set();
    file_set(const file_set&) = delete;
    file_set& operator=(const file_set&) = delete;

    /// Numbers of the files that are there, ascending.
    std::vector<std::int64_t> numbers() const;
    std::string path_of(std::int64_t number) const;

    const std::string& directory() const noexcept { return directory_; }

    /// Makes new and removed names durable. Throws std::system_error.
    void sync_directory() const;
    /// Removes a file with its WAL and index. A connection that has it open still gets an error from
    /// its next read, no more.
    void remove(std::int64_t number) const;
    /// Keeps a damaged file for the operator, out of the store's way. Only when nobody has it open.
    /// Gives its new path. Throws std::system_error.
    std::string keep_as_damaged(std::int64_t number) const;

private:
    std::string directory_;
    int lock_ = -1;
};

} // namespace outreachd::store
