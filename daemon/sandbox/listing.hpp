/// A list of records: filtered, sorted, and a page of it (contract 6.5 to 6.20).
#pragma once

#include "daemon/sandbox/document.hpp"

namespace outreachd::sandbox {

/// What a GET of `/plural?...` is answered with. Throws refusal, 422.
boost::json::object list_records(const records& data, const resource_type& type, const std::string& target,
                                 const std::vector<parameter>& query, const std::string& origin,
                                 std::size_t default_page_size);

} // namespace outreachd::sandbox
