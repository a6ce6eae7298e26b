/// What became of an event, as an older file has it.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/session.hpp"

#include <vector>

namespace outreachd::store {

/// Its deliveries with their attempts and steps. Throws database_error where a page of these can't be read.
std::vector<carried_delivery> read_carried_deliveries(database& from, sequence at);

} // namespace outreachd::store
