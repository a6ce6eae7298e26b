#include "daemon/command_line/filter_words.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::command_line {

namespace {

using handlers::outreach::query;

struct filter_word {
    std::string key;
    std::vector<std::string> values;
};

struct interval {
    std::optional<std::string> from;
    std::optional<std::string> to;
};

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `updatedAt`, `owner.id`
bool is_attribute(std::string_view key) {
    return !key.empty() && key.front() != '.' && key.back() != '.' &&
           key.find("..") == std::string_view::npos &&
           std::all_of(key.begin(), key.end(), [](char c) { return is_letter_or_digit(c) || c == '.'; });
}

/// `filter[owner][id]`, `filter[name][]`
bool is_raw(std::string_view key) {
    return key.starts_with("filter[") && key.back() == ']' && key.find(' ') == std::string_view::npos;
}

bool is_id(std::string_view key) {
    return key == "id" || key.ends_with(".id");
}

std::vector<std::string> split_at_commas(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t comma = text.find(',');
        parts.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos)
            return parts;
        text.remove_prefix(comma + 1);
    }
}

/// What can stand at an end of an interval without a doubt: a number, a date.
bool is_bound(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    return text.empty() || text == "inf" || text == "neginf" ||
           (!digits.empty() && digits.front() >= '0' && digits.front() <= '9');
}

std::optional<interval> read_interval(std::string_view value, filter_use use) {
    const std::size_t dots = value.find("..");
    if (dots == std::string_view::npos || value.find(',') != std::string_view::npos)
        return std::nullopt;
    const std::string_view from = value.substr(0, dots);
    const std::string_view to = value.substr(dots + 2);
    if (use == filter_use::bulk && (!is_bound(from) || !is_bound(to)))
        return std::nullopt;
    interval read;
    if (!from.empty() && from != "neginf")
        read.from = from;
    if (!to.empty() && to != "inf")
        read.to = to;
    return read;
}

/// `owner.id` is `owner][id` between the outer brackets.
std::string in_brackets(std::string_view key) {
    std::string name;
    for (const char c : key)
        name += c == '.' ? std::string{"]["} : std::string{c};
    return name;
}

std::string add_word(query& to, filter_use use, const filter_word& word) {
    const std::string refused = "the filter '" + word.key + "' ";
    std::vector<std::string> values;
    for (const std::string& each : word.values) {
        if (use == filter_use::list || is_id(word.key))
            for (std::string& part : split_at_commas(each))
                values.push_back(std::move(part));
        else
            values.push_back(each);
    }
    if (std::find(values.begin(), values.end(), "") != values.end())
        return refused + "has an empty value, and would let everything through";
    const std::string name = in_brackets(word.key);
    if (values.size() == 1) {
        const auto range = read_interval(values.front(), use);
        if (!range)
            to.equals(name, values.front());
        else if (!range->from && !range->to)
            return refused + "is open at both ends, and would let everything through";
        else
            to.between(name, range->from, range->to);
        return {};
    }
    for (const std::string& each : values)
        if (use == filter_use::bulk && read_interval(each, use))
            return refused + "is either an interval or several values";
    to.any_of(name, values);
    return {};
}

} // namespace

std::string add_filters(query& to, filter_use use, std::span<const std::string> words) {
    std::vector<filter_word> read;
    for (const std::string& each : words) {
        const std::size_t equals = each.find('=');
        std::string key = each.substr(0, equals);
        if (equals == std::string::npos || (!is_attribute(key) && (key.empty() || !is_raw(key))))
            return "'" + each + "' is no filter such as id=1,2, updatedAt=2026-11-01.. or owner.id=5";
        std::string value = each.substr(equals + 1);
        if (is_raw(key)) {
            if (value.empty())
                return "the filter '" + key + "' has an empty value, and would let everything through";
            // Outreach heeds a bare filter in a bulk action as little as none at all (contract 9.4).
            to.add(use == filter_use::bulk ? "actionParams[filter]" + key.substr(6) : key, value);
            continue;
        }
        const auto same =
            std::find_if(read.begin(), read.end(), [&](const filter_word& one) { return one.key == key; });
        if (same == read.end())
            read.push_back({std::move(key), {std::move(value)}});
        else
            same->values.push_back(std::move(value));
    }
    for (const filter_word& each : read)
        if (std::string problem = add_word(to, use, each); !problem.empty())
            return problem;
    return {};
}

} // namespace outreachd::command_line
