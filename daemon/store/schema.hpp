/// The tables, and the check that a file has them.
#pragma once

#include "daemon/store/database.hpp"

namespace outreachd::store {

inline constexpr std::int64_t schema_version = 1;

/// Thrown where the file was written by a newer program: it is left untouched.
class newer_schema_error : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Sets up an empty file. One transaction, flushed; then the file is in WAL mode.
void create_schema(database& fresh);

/// Checks header and schema of an existing file: cheap, whatever its size. Throws database_error
/// where it is damaged, newer_schema_error where it is newer.
void check_schema(database& existing);

} // namespace outreachd::store
