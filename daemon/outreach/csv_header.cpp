#include "daemon/outreach/csv_header.hpp"

#include "daemon/text/ascii.hpp"

#include <utility>

namespace outreachd::outreach {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

struct first_record {
    std::vector<std::string> fields;
    std::size_t end = 0; ///< Where its line break is.
    bool is_closed = true;
};

first_record read_first_record(std::string_view csv) {
    first_record read;
    std::string field;
    bool is_quoted = false;
    std::size_t at = csv.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    const auto end_field = [&] { read.fields.emplace_back(trimmed(std::exchange(field, {}))); };
    for (; at < csv.size(); ++at) {
        const char c = csv[at];
        if (c == '"') {
            if (is_quoted && at + 1 < csv.size() && csv[at + 1] == '"')
                field += csv[++at];
            else
                is_quoted = !is_quoted;
        } else if (is_quoted || (c != ',' && c != '\n' && c != '\r')) {
            field += c;
        } else if (c == ',') {
            end_field();
        } else {
            break;
        }
    }
    end_field();
    read.is_closed = !is_quoted;
    read.end = at;
    return read;
}

} // namespace

std::optional<std::vector<std::string>> read_csv_header(std::string_view csv) {
    first_record header = read_first_record(csv);
    if (!header.is_closed || (header.fields.size() == 1 && header.fields.front().empty()))
        return std::nullopt;
    return std::move(header.fields);
}

bool has_csv_rows(std::string_view csv) {
    const std::size_t end = read_first_record(csv).end;
    return csv.find_first_not_of("\r\n\t ", end) != std::string_view::npos;
}

} // namespace outreachd::outreach
