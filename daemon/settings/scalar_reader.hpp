/// Typed reads of one value of the file. Each says what is wrong and returns nothing, or the value.
#pragma once

#include "daemon/settings/findings.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/settings/yaml_document.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::settings {

/// One value: where to say what is wrong with it, its full key, itself.
struct value_ref {
    findings& found;
    std::string key;
    const yaml_node& node;

    void error(std::string_view message) const { found.error(key, node.where, message); }

    void warning(std::string_view message) const { found.warning(key, node.where, message); }
};

template <typename T>
struct range {
    T least;
    T most;
};

struct scalar {
    std::string text;      ///< Environment variables replaced.
    bool is_plain = false; ///< Not in quotes, or with a `${NAME}` in it: may be a number.
    bool from_environment = false;
};

/// `wanted` is what the message says should be there: `a duration such as 5s`.
std::optional<scalar> read_scalar(const value_ref& value, std::string_view wanted);

/// Not empty, without control characters. Whatever a plain scalar says is text: `no`, `8080`.
std::optional<std::string> read_text(const value_ref& value);
/// One text, or a list of at least one.
std::optional<std::vector<std::string>> read_text_or_list(const value_ref& value);
std::optional<std::vector<std::string>> read_text_list(const value_ref& value);
std::optional<bool> read_boolean(const value_ref& value);
std::optional<std::uint64_t> read_whole_number(const value_ref& value, range<std::uint64_t> allowed);
std::optional<double> read_real_number(const value_ref& value, range<double> allowed);
std::optional<duration> read_duration(const value_ref& value, range<duration> allowed);
std::optional<std::uint64_t> read_size(const value_ref& value, range<std::uint64_t> allowed);
/// The index of the text among `names`.
std::optional<std::size_t> read_choice(const value_ref& value, std::span<const std::string_view> names);

/// `a map`, `a list`, `a single value`, `nothing`.
std::string_view kind_of(const yaml_node& node);

} // namespace outreachd::settings
