#include "daemon/store/leaf_scan.hpp"

#include "daemon/store/big_endian.hpp"
#include "daemon/store/event_row.hpp"
#include "daemon/store/schema.hpp"

#include <algorithm>

namespace outreachd::store {

namespace {

/// The checksums alone of one event take 64 of a page's 4096 bytes.
constexpr std::size_t rows_of_a_leaf_max = 64;

/// An interior page of a table (SQLite's file format, section 1.6) that leads to one leaf, twice: it must
/// have a cell beside its last child.
std::string root_above(std::uint32_t leaf) {
    constexpr std::size_t cell = 4000;
    constexpr char interior_table = 5;
    std::string page(page_bytes, '\0');
    page[0] = interior_table;
    write_big_endian(page, 3, 1, 2);     // cells
    write_big_endian(page, 5, cell, 2);  // begin of their content
    write_big_endian(page, 8, leaf);     // last child
    write_big_endian(page, 12, cell, 2); // the cell's place: its child, and a key
    write_big_endian(page, cell, leaf);
    page[cell + 4] = 1;
    return page;
}

std::uint32_t read_page_number(database& from, const char* sql) {
    return static_cast<std::uint32_t>(from.read_number(sql));
}

} // namespace

leaf_scan::leaf_scan(const std::string& file)
    : overlay_(std::make_shared<page_overlay>(whole_schema())), connection_(open_overlaid(file, overlay_)),
      root_(read_page_number(*connection_, "SELECT rootpage FROM sqlite_schema WHERE name='events'")),
      last_page_(read_page_number(*connection_, "PRAGMA page_count")),
      rows_(connection_->prepare((std::string("SELECT ") + event_columns + " FROM events").c_str())) {}

std::vector<stored_event> leaf_scan::events_of(std::uint32_t page,
                                               const std::function<bool(sequence)>& is_wanted) {
    std::vector<stored_event> found;
    const auto& schema = schema_pages();
    if (page == root_ || std::find(schema.begin(), schema.end(), page) != schema.end())
        return found;
    (*overlay_)[root_] = root_above(page);
    forget_pages(*connection_);
    try {
        rows_->reset();
        std::size_t rows = 0;
        for (sequence last = 0; rows_->step();) {
            const sequence at = rows_->number(0);
            if (at <= last) // for the second time
                break;
            if (++rows > rows_of_a_leaf_max) {
                found.clear();
                break;
            }
            last = at;
            if (!is_wanted(at))
                continue;
            if (stored_event row = read_event_row(*rows_); row.subject)
                found.push_back(std::move(row));
        }
    } catch (const database_error& failure) {
        if (!failure.is_damage() && !failure.is_failed_read())
            throw;
    }
    rows_->reset();
    return found;
}

} // namespace outreachd::store
