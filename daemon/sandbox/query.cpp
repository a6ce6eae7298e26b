#include "daemon/sandbox/query.hpp"

#include "daemon/text/hex_digit.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace {

std::string decode(std::string_view text, bool is_form) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) && hex_digit(text[at + 2])) {
            decoded += static_cast<char>(*hex_digit(text[at + 1]) * 16 + *hex_digit(text[at + 2]));
            at += 2;
        } else {
            decoded += is_form && text[at] == '+' ? ' ' : text[at];
        }
    }
    return decoded;
}

parameter parse_parameter(std::string_view pair) {
    const std::size_t equals = pair.find('=');
    const std::string name = decode(pair.substr(0, equals), true);
    parameter read{name.substr(0, name.find('[')),
                   {},
                   equals == std::string_view::npos ? std::string{} : decode(pair.substr(equals + 1), true)};
    for (std::size_t open = read.name.size(); open < name.size() && name[open] == '[';) {
        const std::size_t close = std::min(name.find(']', open), name.size());
        read.keys.push_back(name.substr(open + 1, close - open - 1));
        open = close + 1;
    }
    return read;
}

} // namespace

std::string parameter::written() const {
    std::string text = name;
    for (const std::string& key : keys)
        text.append("[").append(key).append("]");
    return text;
}

std::vector<parameter> parse_query(std::string_view query) {
    std::vector<parameter> all;
    for (const std::string& pair : split(query, '&')) {
        if (!pair.empty())
            all.push_back(parse_parameter(pair));
    }
    return all;
}

std::optional<std::string> find_parameter(const std::vector<parameter>& all, std::string_view name,
                                          const std::vector<std::string>& keys) {
    const auto found = std::ranges::find_if(
        all, [&](const parameter& each) { return each.name == name && each.keys == keys; });
    return found == all.end() ? std::nullopt : std::optional{found->value};
}

std::string percent_decode(std::string_view text) {
    return decode(text, false);
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t end = text.find(at);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

} // namespace outreachd::sandbox
