/// Parts of the file that are JSON in YAML's clothes.
#pragma once

#include "daemon/settings/scalar_reader.hpp"

#include <optional>
#include <string>

namespace outreachd::settings {

/// A value of any kind as compact JSON. Plain scalars are null, booleans and numbers as YAML 1.2's core
/// schema has them, the digits kept; what is in quotes is a string. Environment variables are replaced,
/// also in keys; expressions may stand in strings, are checked, and stay as they are.
std::optional<std::string> read_json(const value_ref& value);

/// The core schema's plain scalar as JSON; nothing where it is a string. `.inf` and `.nan`, which JSON
/// hasn't, are strings.
std::optional<std::string> plain_scalar_to_json(std::string_view text);

} // namespace outreachd::settings
