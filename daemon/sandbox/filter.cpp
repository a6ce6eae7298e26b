#include "daemon/sandbox/filter.hpp"

#include "daemon/event/timestamp.hpp"
#include "daemon/sandbox/message.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/number.hpp"

#include <algorithm>
#include <memory>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

using values_of = std::function<std::vector<json::value>(const record&)>;
using test = std::function<bool(const json::value&)>;

/// What a query's text means for an attribute of that kind.
json::value read_value(value_kind kind, const std::string& text, const std::string& where) {
    const auto refuse = [&] {
        return invalid_parameter(where, "'" + text + "' isn't a value of that attribute.");
    };
    switch (kind) {
    case value_kind::integer:
        if (const auto read = parse_number<std::int64_t>(text))
            return *read;
        throw refuse();
    case value_kind::number:
        if (const auto read = parse_number<double>(text))
            return *read;
        throw refuse();
    case value_kind::boolean:
        if (text != "true" && text != "false")
            throw refuse();
        return text == "true";
    case value_kind::time: {
        const auto read = parse_timestamp(
            text.size() == std::string_view{"2026-11-21"}.size() ? text + "T00:00:00Z" : text);
        if (!read)
            throw refuse();
        return json::value(to_rfc3339(*read));
    }
    default:
        return json::value(text);
    }
}

/// One of the values of an attribute, as `filter[attr]=` takes it in the old syntax, or one alone in the new.
struct value_reader {
    value_kind kind;
    std::string where;

    json::value read(const std::string& text) const { return read_value(kind, text, where); }

    test equal_to(const std::string& text) const {
        if (text == "__null__")
            return [](const json::value& value) { return value.is_null(); };
        if (text == "__notnull__")
            return [](const json::value& value) { return !value.is_null(); };
        return [wanted = read(text)](const json::value& value) {
            return !value.is_null() && compare(value, wanted) == 0;
        };
    }

    test at_least(const std::string& text) const {
        return [bound = read(text)](const json::value& value) {
            return !value.is_null() && compare(value, bound) >= 0;
        };
    }

    test at_most(const std::string& text) const {
        return [bound = read(text)](const json::value& value) {
            return !value.is_null() && compare(value, bound) <= 0;
        };
    }

    /// `5..10`, `neginf..X`, `X..inf`, or one value.
    test range_or_value(const std::string& text) const {
        const std::size_t dots = text.find("..");
        if (dots == std::string::npos)
            return equal_to(text);
        const std::string low = text.substr(0, dots);
        const std::string high = text.substr(dots + 2);
        const test above = low == "neginf" ? test{} : at_least(low);
        const test below = high == "inf" ? test{} : at_most(high);
        return [above, below](const json::value& value) {
            return !value.is_null() && (!above || above(value)) && (!below || below(value));
        };
    }

    test any_of(const std::string& list, bool has_ranges) const {
        std::vector<test> some;
        for (const std::string& each : split(list, ','))
            some.push_back(has_ranges ? range_or_value(each) : equal_to(each));
        return [some](const json::value& value) {
            return std::ranges::any_of(some, [&](const test& each) { return each(value); });
        };
    }
};

/// An attribute's values: the elements of a list, or itself.
std::vector<json::value> attribute_values(const record& from, const std::string& name) {
    const json::value& value = from.attribute(name);
    if (!value.is_array())
        return {value};
    if (value.get_array().empty())
        return {json::value{}};
    return {value.get_array().begin(), value.get_array().end()};
}

std::vector<json::value> link_values(const record& from, const std::string& name) {
    const auto held = from.relationships.find(name);
    if (held == from.relationships.end() || held->second.empty())
        return {json::value{}};
    return {held->second.begin(), held->second.end()};
}

/// Contract 6.9: the beginning of a word of what such a record is called.
bool has_prefix(const record& candidate, const std::string& sought) {
    for (const char* const name : {"name", "domain", "customId", "firstName", "lastName", "emails"}) {
        for (const json::value& each : attribute_values(candidate, name)) {
            if (each.is_string() &&
                to_lower(std::string_view{each.get_string()}).starts_with(to_lower(sought)))
                return true;
        }
    }
    return false;
}

/// Outreach's documents call the batch of a compliance request otherwise where they filter by it.
std::string attribute_name(const std::string& in_query) {
    return in_query == "batchComplianceRequest" ? "batchComplianceRequestUuid" : in_query;
}

/// What a term is on.
struct field {
    value_reader reader;
    values_of values;
};

field find_field(const resource_type& type, std::vector<std::string>& keys, const std::string& where) {
    const std::string name = attribute_name(keys.empty() ? std::string{} : keys.front());
    if (name == "id") {
        keys.erase(keys.begin());
        return {{value_kind::integer, where},
                [](const record& of) { return std::vector<json::value>{of.id}; }};
    }
    if (const attribute* const known = type.find_attribute(name)) {
        if (!known->is_filterable)
            throw invalid_parameter(where, "'" + name + "' can't be filtered by.");
        keys.erase(keys.begin());
        return {{known->kind, where}, [name](const record& of) { return attribute_values(of, name); }};
    }
    const relationship* const known = type.find_relationship(name);
    if (known == nullptr)
        throw invalid_parameter(where, "There is no '" + name + "' to filter by.");
    if (!known->inverse.empty() || name == "authorizer")
        throw invalid_parameter(where, "'" + name + "' can't be filtered by.");
    keys.erase(keys.begin());
    if (!keys.empty() && keys.front() == "id")
        keys.erase(keys.begin());
    else if (!keys.empty() && !keys.front().empty() && keys.front() != "gte" && keys.front() != "lte")
        throw invalid_parameter(where, "Only the id of a relationship can be filtered by.");
    return {{value_kind::integer, where}, [name](const record& of) { return link_values(of, name); }};
}

std::function<bool(const record&)> condition_on(values_of values, test passes) {
    return [values = std::move(values), passes = std::move(passes)](const record& candidate) {
        return std::ranges::any_of(values(candidate), passes);
    };
}

} // namespace

int compare(const json::value& left, const json::value& right) {
    if (left.is_null() || right.is_null())
        return static_cast<int>(left.is_null()) - static_cast<int>(right.is_null());
    if (left.is_number() && right.is_number()) {
        if (left.is_int64() && right.is_int64())
            return left.get_int64() < right.get_int64() ? -1 : left.get_int64() > right.get_int64() ? 1 : 0;
        const auto one = left.to_number<double>();
        const auto other = right.to_number<double>();
        return one < other ? -1 : one > other ? 1 : 0;
    }
    if (left.is_bool() && right.is_bool())
        return static_cast<int>(left.get_bool()) - static_cast<int>(right.get_bool());
    if (!left.is_string() || !right.is_string())
        return left == right ? 0 : static_cast<int>(left.kind()) < static_cast<int>(right.kind()) ? -1 : 1;
    const auto one = parse_timestamp(left.get_string());
    const auto other = parse_timestamp(right.get_string());
    if (one && other)
        return *one < *other ? -1 : *one > *other ? 1 : 0;
    return left.get_string().compare(right.get_string());
}

filter::filter(const resource_type& type, std::span<const term> terms, filter_syntax syntax) {
    // In the new syntax repeated `[]` of one field are alternatives.
    std::map<std::vector<std::string>, std::vector<test>> lists;
    for (const term& each : terms) {
        std::vector<std::string> keys = each.keys;
        if (keys == std::vector<std::string>{"q"} && (type.type == "account" || type.type == "prospect")) {
            conditions_.emplace_back(
                [sought = each.value](const record& of) { return has_prefix(of, sought); });
            continue;
        }
        const field on = find_field(type, keys, each.written);
        if (syntax == filter_syntax::old_style && keys.empty()) {
            conditions_.push_back(condition_on(on.values, on.reader.any_of(each.value, true)));
        } else if (keys.empty()) {
            // A number has no comma in it, and bulk actions are documented with both forms.
            const bool is_list = on.reader.kind == value_kind::integer;
            conditions_.push_back(condition_on(on.values, is_list ? on.reader.any_of(each.value, false)
                                                                  : on.reader.equal_to(each.value)));
        } else if (syntax == filter_syntax::new_style && keys == std::vector<std::string>{""}) {
            auto& some = lists[each.keys];
            some.push_back(on.reader.equal_to(each.value));
        } else if (syntax == filter_syntax::new_style && keys == std::vector<std::string>{"gte"}) {
            conditions_.push_back(condition_on(on.values, on.reader.at_least(each.value)));
        } else if (syntax == filter_syntax::new_style && keys == std::vector<std::string>{"lte"}) {
            conditions_.push_back(condition_on(on.values, on.reader.at_most(each.value)));
        } else {
            throw invalid_parameter(each.written, "That can't be filtered by so.");
        }
    }
    for (auto& [keys, some] : lists) {
        std::vector<std::string> rest = keys;
        const field on = find_field(type, rest, "filter");
        conditions_.push_back(condition_on(on.values, [some = std::move(some)](const json::value& value) {
            return std::ranges::any_of(some, [&](const test& each) { return each(value); });
        }));
    }
}

bool filter::matches(const record& candidate) const {
    return std::ranges::all_of(conditions_, [&](const auto& each) { return each(candidate); });
}

std::vector<filter::term> filter_terms(const std::vector<parameter>& query) {
    std::vector<filter::term> terms;
    for (const parameter& each : query) {
        if (each.name == "filter")
            terms.push_back({each.keys, each.value, each.written()});
    }
    return terms;
}

} // namespace outreachd::sandbox
