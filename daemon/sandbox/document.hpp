/// Records as JSON:API documents.
#pragma once

#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/records.hpp"

#include <boost/json/array.hpp>

#include <set>

namespace outreachd::sandbox {

/// What a request asks to be shown: `fields`, `include`, and the address that links begin with.
struct view {
    std::string origin;
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> fields{}; ///< By type.
    std::vector<std::vector<std::string>> includes{}; ///< Paths of relationships.
};

/// Throws refusal, 422, where `include` names no relationship. `has_includes`: a create or an update has none
/// any more (contract 6.14).
view read_view(const std::vector<parameter>& query, const std::string& origin, const resource_type& type,
               bool has_includes);

/// `{"type", "id", "attributes", "relationships", "links"}`
boost::json::object resource_object(const record& from, const view& as);

/// What `include` adds to these, each once.
boost::json::array included(const records& data, const std::vector<const record*>& primary, const view& as);

} // namespace outreachd::sandbox
