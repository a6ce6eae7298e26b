#include "daemon/sandbox/csv.hpp"

namespace outreachd::sandbox {

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> row;
    std::string field;
    bool is_quoted = false;
    bool is_begun = false; // Something stands in this row, be it an empty field in quotes.
    const auto end_row = [&] {
        if (is_begun) {
            row.push_back(std::move(field));
            rows.push_back(std::move(row));
        }
        field.clear();
        row.clear();
        is_begun = false;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (is_quoted) {
            if (c != '"')
                field += c;
            else if (at + 1 < text.size() && text[at + 1] == '"')
                field += text[++at];
            else
                is_quoted = false;
        } else if (c == '"' && field.empty()) {
            is_quoted = is_begun = true;
        } else if (c == ',') {
            row.push_back(std::move(field));
            field.clear();
            is_begun = true;
        } else if (c == '\n') {
            end_row();
        } else if (c != '\r') {
            field += c;
            is_begun = true;
        }
    }
    end_row();
    return rows;
}

} // namespace outreachd::sandbox
