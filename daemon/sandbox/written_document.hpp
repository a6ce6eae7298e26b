/// What a client writes: read, and held against the type's description (contract 6.21 to 6.25).
#pragma once

#include "daemon/sandbox/records.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

struct written_document {
    boost::json::object attributes;
    links relationships;
    std::vector<std::string> completing; ///< Relationships that carry `meta: {complete: true}`.
    boost::json::object meta;            ///< Of `data`.
};

/// `updated`: the record that a PATCH is about; null for a create. Throws refusal, 400 or 422 with a pointer.
written_document read_document(const records& data, const resource_type& type, std::string_view body,
                               const record* updated);

/// Throws refusal, 422 with `pointer`, where `value` is none that the attribute can be given.
void check_attribute(const resource_type& type, std::string_view name, const boost::json::value& value,
                     const std::string& pointer);

/// The attribute's value that a text stands for, as a CSV has it. Throws refusal, 422, where it can't be one.
boost::json::value attribute_from_text(const resource_type& type, std::string_view name,
                                       const std::string& text);

} // namespace outreachd::sandbox
