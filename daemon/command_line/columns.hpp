/// A table in aligned columns.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace outreachd::command_line {

struct column {
    std::string title;
    enum class side { left, right } align = side::left;
    std::size_t width_max = 60; ///< Longer cells are cut, the last character then `…`.
};

/// Writes the titles and the rows, two spaces between columns, none at a line's end. Cells are
/// escaped (see `printable`); an empty one is shown as `-`. A row has as many cells as there are
/// columns.
void write_columns(std::ostream& to, const std::vector<column>& columns,
                   const std::vector<std::vector<std::string>>& rows);

} // namespace outreachd::command_line
