#include "daemon/settings/json_value.hpp"

#include "daemon/settings/environment.hpp"
#include "daemon/settings/expressions.hpp"
#include "daemon/settings/utf8_check.hpp"
#include "daemon/text/expression_end.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <set>

namespace outreachd::settings {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

std::string without_leading_zeros(std::string_view digits) {
    const auto first = digits.find_first_not_of('0');
    return first == std::string_view::npos ? "0" : std::string{digits.substr(first)};
}

/// `0o17`, `0xFF`.
std::optional<std::string> based_number(std::string_view text) {
    if (!text.starts_with("0o") && !text.starts_with("0x"))
        return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data() + 2, end, number, text[1] == 'o' ? 8 : 16);
    if (failure != std::errc{} || rest != end)
        return std::nullopt;
    return std::to_string(number);
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, written as JSON wants it.
std::optional<std::string> decimal_number(std::string_view text) {
    std::string json = text.starts_with('-') ? "-" : "";
    if (text.starts_with('-') || text.starts_with('+'))
        text.remove_prefix(1);
    const std::string_view whole = take_digits(text);
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_digits(text);
    }
    if (whole.empty() && fraction.empty())
        return std::nullopt;
    json += without_leading_zeros(whole);
    if (!fraction.empty())
        json.append(".").append(fraction);
    if (text.empty())
        return json;
    if (text.front() != 'e' && text.front() != 'E')
        return std::nullopt;
    json += 'e';
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) {
        json += text.front();
        text.remove_prefix(1);
    }
    const std::string_view exponent = take_digits(text);
    if (exponent.empty() || !text.empty())
        return std::nullopt;
    return json.append(exponent);
}

std::string in_json_quotes(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
            json += code;
            continue;
        }
        if (c == '"' || c == '\\')
            json += '\\';
        json += c;
    }
    return json + '"';
}

std::optional<std::string> expanded(const value_ref& value) {
    expanded_text read = expand_environment(value.node.text);
    // The file is UTF-8; a variable needn't be.
    if (read.problem.empty() && find_invalid_utf8(read.text))
        read.problem = "holds bytes that are no UTF-8, from an environment variable";
    if (read.problem.empty())
        return std::move(read.text);
    value.error(read.problem);
    return std::nullopt;
}

std::optional<std::string> read_json_scalar(const value_ref& value) {
    const auto text = expanded(value);
    if (!text)
        return std::nullopt;
    if (!value.node.is_quoted)
        if (auto json = plain_scalar_to_json(*text))
            return json;
    if (!check_expressions(value, *text))
        return std::nullopt;
    return in_json_quotes(*text);
}

std::optional<std::string> read_json_list(const value_ref& value) {
    std::string json = "[";
    bool is_whole = true;
    for (std::size_t at = 0; at < value.node.items.size(); ++at) {
        const std::string key = value.key + "[" + std::to_string(at) + "]";
        value.found.place(key, value.node.items[at]->where);
        const auto element = read_json({value.found, key, *value.node.items[at]});
        is_whole = is_whole && element;
        if (element)
            json.append(at == 0 ? "" : ",").append(*element);
    }
    return is_whole ? std::optional{json + "]"} : std::nullopt;
}

std::optional<std::string> read_json_key(const value_ref& map, const yaml_node& name) {
    if (name.type != yaml_node::kind::scalar) {
        map.found.error(map.key, name.where,
                        "a key should be text, and this is " + std::string{kind_of(name)});
        return std::nullopt;
    }
    auto text = expanded({map.found, map.key, name});
    if (text && has_expression(*text)) {
        map.found.error(map.key, name.where,
                        "a key can't hold an expression; give the whole map as one, in quotes");
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> read_json_map(const value_ref& value) {
    std::string json = "{";
    std::set<std::string> names;
    bool is_whole = true;
    for (const yaml_entry& entry : value.node.entries) {
        const auto name = read_json_key(value, *entry.key);
        if (!name) {
            is_whole = false;
            continue;
        }
        if (!names.insert(*name).second) {
            value.found.error(value.key, entry.key->where, in_quotes(*name) + " is given twice");
            is_whole = false;
        }
        const std::string key = value.key + "." + *name;
        value.found.place(key, entry.value->where);
        const auto member = read_json({value.found, key, *entry.value});
        is_whole = is_whole && member;
        if (member)
            json.append(json.size() == 1 ? "" : ",")
                .append(in_json_quotes(*name))
                .append(":")
                .append(*member);
    }
    return is_whole ? std::optional{json + "}"} : std::nullopt;
}

} // namespace

std::optional<std::string> plain_scalar_to_json(std::string_view text) {
    for (const std::string_view null : {"", "~", "null", "Null", "NULL"})
        if (text == null)
            return "null";
    for (const std::string_view yes : {"true", "True", "TRUE"})
        if (text == yes)
            return "true";
    for (const std::string_view no : {"false", "False", "FALSE"})
        if (text == no)
            return "false";
    if (auto number = based_number(text))
        return number;
    return decimal_number(text);
}

std::optional<std::string> read_json(const value_ref& value) {
    switch (value.node.type) {
    case yaml_node::kind::null:
        return "null";
    case yaml_node::kind::scalar:
        return read_json_scalar(value);
    case yaml_node::kind::sequence:
        return read_json_list(value);
    case yaml_node::kind::map:
        return read_json_map(value);
    }
    return std::nullopt;
}

} // namespace outreachd::settings
