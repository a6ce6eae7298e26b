/// What is known of the hourly limit, in a file.
#pragma once

#include "handlers/outreach/limiter.hpp"

#include <string>

namespace outreachd::handlers::outreach {

/// Nothing known where the file isn't there, is damaged, or is another account's.
limit_facts read_limit_file(const std::string& path, const std::string& account);

/// May be lost with the machine, or in a race with another process; then less is known.
void write_limit_file(const std::string& path, const std::string& account, const limit_facts& known);

} // namespace outreachd::handlers::outreach
