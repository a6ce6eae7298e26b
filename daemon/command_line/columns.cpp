/// Two passes: measure, then write.
#include "daemon/command_line/columns.hpp"

#include "daemon/command_line/printable.hpp"

#include <algorithm>
#include <cassert>
#include <ostream>

namespace outreachd::command_line {

namespace {

using table_row = std::vector<std::string>;

void write_row(std::ostream& to, const std::vector<column>& columns, const std::vector<std::size_t>& widths,
               const table_row& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string padding(widths[i] - width_of(cells[i]), ' ');
        if (i != 0)
            line += "  ";
        line += columns[i].align == column::side::right ? padding + cells[i] : cells[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    to << line << '\n';
}

} // namespace

void write_columns(std::ostream& to, const std::vector<column>& columns,
                   const std::vector<std::vector<std::string>>& rows) {
    std::vector<table_row> shown(1);
    std::vector<std::size_t> widths;
    for (const column& each : columns) {
        shown.front().push_back(each.title);
        widths.push_back(width_of(each.title));
    }
    for (const table_row& cells : rows) {
        assert(cells.size() == columns.size());
        table_row& last = shown.emplace_back();
        for (std::size_t i = 0; i < cells.size(); ++i) {
            last.push_back(cells[i].empty() ? "-" : shortened(printable(cells[i]), columns[i].width_max));
            widths[i] = std::max(widths[i], width_of(last.back()));
        }
    }
    for (const table_row& cells : shown)
        write_row(to, columns, widths, cells);
}

} // namespace outreachd::command_line
