/// The tables, and the check that a file has them.
#pragma once

#include "daemon/store/database.hpp"

#include <string>
#include <vector>

namespace outreachd::store {

inline constexpr std::int64_t schema_version = 1;
inline constexpr std::size_t page_bytes = 4096;

/// Thrown where the file was written by a newer program: it is left untouched.
class newer_schema_error : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Sets up an empty file whose routing cursor stands at that sequence. One transaction, flushed; then the
/// file is in WAL mode.
void create_schema(database& fresh, std::int64_t routed_up_to = 0);

/// What `create_schema` makes, page behind page. In every file the schema lies on the same pages and says the
/// same, and so do the first pages of the tables: no table comes or goes later.
const std::string& fresh_image();
/// The pages of the schema itself, ascending, from 1.
const std::vector<std::uint32_t>& schema_pages();

/// Checks what an SQLite file begins with, by reading it. Not where a connection of this process has it open:
/// closing a descriptor gives up the process's locks. Throws database_error where it is damaged: SQLite takes
/// some of that for a file that can't be written, or that a newer SQLite wrote.
void check_header(const std::string& file);

/// Whether its header says so: then nothing is done to it, and `check_schema` has the last word. As
/// `check_header` not where it is open.
bool is_of_newer_program(const std::string& file);

/// Whether the file has all tables as a fresh one has them. Reads no row. Throws database_error where the
/// schema can't be read.
bool has_whole_schema(database& existing);

/// Checks schema and facts of an existing file: cheap, whatever its size. Throws database_error
/// where it is damaged, newer_schema_error where it is newer.
void check_schema(database& existing);

} // namespace outreachd::store
