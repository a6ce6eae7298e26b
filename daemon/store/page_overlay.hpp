/// Pages of a database file that are read from memory in place of the file's own.
#pragma once

#include "daemon/store/database.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace outreachd::store {

/// By their numbers, from 1; whole ones. What the WAL has of a page is newer, and counts all the same.
using page_overlay = std::map<std::uint32_t, std::string>;

/// What a file that lost its header, or pages of its schema, needs to be read: those of a fresh one.
page_overlay whole_schema();

/// For reading. The overlay may be changed while no statement runs: `forget_pages` makes the connection look
/// again. Throws database_error.
std::unique_ptr<database> open_overlaid(const std::string& file, std::shared_ptr<const page_overlay> pages);
void forget_pages(database& of);

} // namespace outreachd::store
