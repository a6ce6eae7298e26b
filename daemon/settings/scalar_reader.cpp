#include "daemon/settings/scalar_reader.hpp"

#include "daemon/settings/environment.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/units.hpp"
#include "daemon/settings/utf8_check.hpp"
#include "daemon/text/alternatives.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace outreachd::settings {

namespace {

std::string to_text(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}

/// Digits without a sign and without leading zeros, which YAML 1.1 takes for octal.
bool is_whole_number(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text.front() == '0'))
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Digits, and perhaps a fraction.
bool is_real_number(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos)
        return is_whole_number(text);
    const std::string_view fraction = text.substr(point + 1);
    return is_whole_number(text.substr(0, point)) && !fraction.empty() &&
           std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

std::string_view kind_of(const yaml_node& node) {
    switch (node.type) {
    case yaml_node::kind::null:
        return "nothing";
    case yaml_node::kind::scalar:
        return "a single value";
    case yaml_node::kind::sequence:
        return "a list";
    case yaml_node::kind::map:
        return "a map";
    }
    return "";
}

std::optional<scalar> read_scalar(const value_ref& value, std::string_view wanted) {
    if (value.node.type == yaml_node::kind::null) {
        value.error("has no value; give " + std::string{wanted} + ", or leave the key out");
        return std::nullopt;
    }
    if (value.node.type != yaml_node::kind::scalar) {
        value.error("should be " + std::string{wanted} + ", and is " + std::string{kind_of(value.node)});
        return std::nullopt;
    }
    expanded_text expanded = expand_environment(value.node.text);
    if (expanded.problem.empty() && expanded.has_expression)
        expanded.problem = "an expression, ${{ … }}, has no meaning in this value";
    if (!expanded.problem.empty()) {
        value.error(expanded.problem);
        return std::nullopt;
    }
    return scalar{std::move(expanded.text), !value.node.is_quoted || expanded.has_reference,
                  expanded.has_variable};
}

std::optional<std::string> read_text(const value_ref& value) {
    auto read = read_scalar(value, "text");
    if (!read)
        return std::nullopt;
    if (read->text.empty()) {
        value.error("is empty");
        return std::nullopt;
    }
    if (find_control_character(read->text, false)) {
        value.error(in_quotes(value.node.text) + " holds a control character or a line break");
        return std::nullopt;
    }
    return std::move(read->text);
}

std::optional<std::vector<std::string>> read_text_list(const value_ref& value) {
    if (value.node.type != yaml_node::kind::sequence) {
        value.error("should be a list, as in [one, two], and is " + std::string{kind_of(value.node)});
        return std::nullopt;
    }
    std::vector<std::string> texts;
    bool is_whole = true;
    for (std::size_t at = 0; at < value.node.items.size(); ++at) {
        const yaml_node& item = *value.node.items[at];
        const std::string key = value.key + "[" + std::to_string(at) + "]";
        value.found.place(key, item.where);
        auto text = read_text({value.found, key, item});
        is_whole = is_whole && text;
        if (text)
            texts.push_back(std::move(*text));
    }
    if (!is_whole)
        return std::nullopt;
    return texts;
}

std::optional<std::vector<std::string>> read_text_or_list(const value_ref& value) {
    if (value.node.type == yaml_node::kind::scalar) {
        auto text = read_text(value);
        if (!text)
            return std::nullopt;
        return std::vector<std::string>{std::move(*text)};
    }
    auto texts = read_text_list(value);
    if (texts && texts->empty()) {
        value.error("is an empty list; name at least one");
        return std::nullopt;
    }
    return texts;
}

std::optional<bool> read_boolean(const value_ref& value) {
    const auto read = read_scalar(value, "true or false");
    if (!read)
        return std::nullopt;
    if (read->is_plain && (read->text == "true" || read->text == "false"))
        return read->text == "true";
    value.error(in_quotes(read->text) + " should be true or false, without quotes");
    return std::nullopt;
}

std::optional<std::uint64_t> read_whole_number(const value_ref& value, range<std::uint64_t> allowed) {
    const std::string bounds = std::to_string(allowed.least) + " to " + std::to_string(allowed.most);
    const auto read = read_scalar(value, "a whole number from " + bounds);
    if (!read)
        return std::nullopt;
    std::uint64_t number = 0;
    if (read->is_plain && is_whole_number(read->text)) {
        const char* const end = read->text.data() + read->text.size();
        const auto [rest, error] = std::from_chars(read->text.data(), end, number);
        if (error == std::errc{} && number >= allowed.least && number <= allowed.most)
            return number;
    }
    value.error(in_quotes(read->text) + " is not a whole number from " + bounds +
                (read->is_plain ? "" : ", without quotes"));
    return std::nullopt;
}

std::optional<double> read_real_number(const value_ref& value, range<double> allowed) {
    const std::string bounds = to_text(allowed.least) + " to " + to_text(allowed.most);
    const auto read = read_scalar(value, "a number from " + bounds);
    if (!read)
        return std::nullopt;
    double number = 0;
    if (read->is_plain && is_real_number(read->text)) {
        const char* const end = read->text.data() + read->text.size();
        const auto [rest, error] = std::from_chars(read->text.data(), end, number, std::chars_format::fixed);
        if (error == std::errc{} && number >= allowed.least && number <= allowed.most)
            return number;
    }
    value.error(in_quotes(read->text) + " is not a number from " + bounds +
                (read->is_plain ? "" : ", without quotes"));
    return std::nullopt;
}

std::optional<duration> read_duration(const value_ref& value, range<duration> allowed) {
    const auto read = read_scalar(value, "a duration such as 5s");
    if (!read)
        return std::nullopt;
    const auto parsed = parse_duration(read->text);
    if (const auto* reason = std::get_if<std::string>(&parsed)) {
        value.error(in_quotes(read->text) + ": " + *reason);
        return std::nullopt;
    }
    const duration result = std::get<duration>(parsed);
    if (result >= allowed.least && result <= allowed.most)
        return result;
    value.error(in_quotes(read->text) + " is not from " + to_text(allowed.least) + " to " +
                to_text(allowed.most));
    return std::nullopt;
}

std::optional<std::uint64_t> read_size(const value_ref& value, range<std::uint64_t> allowed) {
    const auto read = read_scalar(value, "a size such as 64KiB");
    if (!read)
        return std::nullopt;
    const auto parsed = parse_size(read->text);
    if (const auto* reason = std::get_if<std::string>(&parsed)) {
        value.error(in_quotes(read->text) + ": " + *reason);
        return std::nullopt;
    }
    const std::uint64_t result = std::get<std::uint64_t>(parsed);
    if (result >= allowed.least && result <= allowed.most)
        return result;
    value.error(in_quotes(read->text) + " is not from " + size_to_text(allowed.least) + " to " +
                size_to_text(allowed.most));
    return std::nullopt;
}

std::optional<std::size_t> read_choice(const value_ref& value, std::span<const std::string_view> names) {
    const std::string listed = alternatives(names);
    const auto read = read_scalar(value, listed);
    if (!read)
        return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), read->text);
    if (found != names.end())
        return static_cast<std::size_t>(found - names.begin());
    const auto nearest = nearest_name(read->text, names);
    value.error(in_quotes(read->text) + " is not " + listed +
                (nearest ? "; did you mean '" + std::string{*nearest} + "'?" : std::string{}));
    return std::nullopt;
}

} // namespace outreachd::settings
