/// Pages of a database that are read from memory in place of its own.
#pragma once

#include "daemon/store/database.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace outreachd::store {

/// By their numbers, from 1; whole ones. They count wherever SQLite finds the page, in the file or in its
/// WAL.
using page_overlay = std::map<std::uint32_t, std::string>;

/// What a file that lost its header, or pages of its schema, needs to be read: those of a fresh one.
page_overlay whole_schema();

/// For reading. The overlay may be changed while no statement runs: `forget_pages` makes the connection look
/// again. Throws database_error.
std::unique_ptr<database> open_overlaid(const std::string& file, std::shared_ptr<const page_overlay> pages);
void forget_pages(database& of);

} // namespace outreachd::store
