/// Reads a map of the file whose keys are known.
#pragma once

#include "daemon/settings/known_keys.hpp"
#include "daemon/settings/scalar_reader.hpp"

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::settings {

/// One section of the file. What it says about its keys as a whole (unknown, given twice) it says when it is
/// made; each `read_` leaves its target, and so the default, where the key is missing or wrong, and says what
/// is wrong. Lives while the file is read, on one thread.
class section_reader {
public:
    /// `part`, where given, are the only keys that are judged: what a command doesn't use mustn't stop it.
    section_reader(const value_ref& map, const known_section& known,
                   std::span<const std::string_view> part = {});

    const std::string& key() const noexcept { return map_.key; }

    position where() const noexcept { return map_.node.where; }

    findings& found() const noexcept { return map_.found; }

    std::string key_of(std::string_view name) const;

    /// The value of a key, and its place noted; nothing where it isn't given.
    std::optional<value_ref> find(std::string_view name) const;
    /// The same; says so where it isn't given.
    std::optional<value_ref> require(std::string_view name, std::string_view what_it_is) const;
    /// The section under a key; nothing where it isn't given or is no map.
    std::optional<section_reader> section(std::string_view name, const known_section& known) const;
    /// The elements under a key, each with its own key; none where it isn't given or is no list.
    std::vector<value_ref> list(std::string_view name) const;

    void read(std::string_view name, std::string& into) const;
    void read(std::string_view name, bool& into) const;
    void read(std::string_view name, double& into, range<double> allowed) const;
    void read(std::string_view name, duration& into, range<duration> allowed) const;
    void read_size(std::string_view name, std::uint64_t& into, range<std::uint64_t> allowed) const;

    /// `values` in the order of `names`.
    template <typename T>
    void read_choice(std::string_view name, T& into, std::span<const std::string_view> names,
                     std::span<const T> values) const {
        if (const auto value = find(name))
            if (const auto index = outreachd::settings::read_choice(*value, names))
                into = values[*index];
    }

    template <typename Number>
    void read_number(std::string_view name, Number& into, range<Number> allowed) const {
        if (const auto value = find(name))
            if (const auto number = read_whole_number(*value, {allowed.least, allowed.most}))
                into = static_cast<Number>(*number);
    }

private:
    void report_keys(const known_section& known, std::span<const std::string_view> part) const;

    value_ref map_;
};

/// True where the value is a map; says so where it is none.
bool expect_map(const value_ref& value);

} // namespace outreachd::settings
