/// A YAML file as a tree that knows where each of its values stands.
///
/// Built from the parser's events and not from its own tree, because that one loses keys given
/// twice and lets a few aliases stand for millions of values.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::settings {

/// A place in the file, counted from 1, columns in bytes; 0 is the file itself.
struct position {
    int line = 0;
    int column = 0;
    friend bool operator==(const position&, const position&) = default;

    friend bool operator<(const position& left, const position& right) {
        return left.line < right.line || (left.line == right.line && left.column < right.column);
    }
};

struct yaml_node;
/// Shared, because an alias is the same value at several places.
using yaml_pointer = std::shared_ptr<const yaml_node>;

struct yaml_entry {
    yaml_pointer key;
    yaml_pointer value;
};

struct yaml_node {
    enum class kind { null, scalar, sequence, map };

    kind type = kind::null;
    position where;
    std::string text;                ///< Of a scalar.
    bool is_quoted = false;          ///< A scalar in quotes, a block, or `!!str`.
    std::vector<yaml_pointer> items; ///< Of a sequence.
    std::vector<yaml_entry> entries; ///< Of a map, in order, repeated keys included.
    std::size_t count = 1;           ///< Values in it, itself and each use of an alias included.
    std::size_t height = 1;          ///< Levels in it, aliases included.
};

struct yaml_problem {
    position where;
    std::string message;
};

struct yaml_document {
    yaml_pointer root; ///< Nothing where `problem` stands, or where the file holds no value.
    std::optional<yaml_problem> problem;
    /// What is YAML and isn't understood here: tags, whose values `root` has as if they had none, and merge
    /// keys, which it lacks. Up to `problem`, where that stands.
    std::vector<yaml_problem> refused;
};

/// Far above what a configuration needs; what is over them is a mistake or an attack.
inline constexpr std::size_t yaml_bytes_max = 1024UL * 1024;
inline constexpr std::size_t yaml_depth_max = 64;
inline constexpr std::size_t yaml_count_max = 100'000;

/// Parses one document. Reports the first thing that isn't YAML, as what follows it would be a guess, and
/// everything that is and can't be meant.
yaml_document parse_yaml(std::string_view text);

} // namespace outreachd::settings
