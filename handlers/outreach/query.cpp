#include "handlers/outreach/query.hpp"

#include "daemon/text/percent_encode.hpp"

#include <stdexcept>

namespace outreachd::handlers::outreach {

namespace {

/// Every byte but the unreserved ones, and those of `kept`.
std::string encode(std::string_view text, std::string_view kept) {
    std::string encoded;
    while (!text.empty()) {
        const std::size_t plain = text.find_first_of(kept);
        encoded += percent_encode(text.substr(0, plain));
        if (plain == std::string_view::npos)
            break;
        encoded += text[plain];
        text.remove_prefix(plain + 1);
    }
    return encoded;
}

std::string encode_list(std::string_view text) {
    return encode(text, ",");
}

std::string with_commas(std::span<const std::string> values) {
    std::string list;
    for (const std::string& value : values)
        list += (list.empty() ? "" : ",") + percent_encode(value);
    return list;
}

void refuse_empty(std::string_view name, std::span<const std::string> values) {
    if (values.empty())
        throw std::invalid_argument("the filter '" + std::string{name} +
                                    "' has no value, and would let everything through");
}

} // namespace

query::query(filter_syntax syntax) : syntax_(syntax) {
    if (syntax == filter_syntax::modern)
        put("newFilterSyntax", "true");
}

query query::for_batch() {
    query made;
    made.root_ = "actionParams[filter]";
    made.syntax_ = filter_syntax::modern;
    return made;
}

query& query::equals(std::string_view attribute, std::string_view value) {
    return filter(attribute, "", percent_encode(value));
}

query& query::any_of(std::string_view attribute, std::span<const std::string> values) {
    refuse_empty(attribute, values);
    if (syntax_ == filter_syntax::old)
        return filter(attribute, "", with_commas(values));
    for (const std::string& value : values)
        filter(attribute, "[]", percent_encode(value));
    return *this;
}

query& query::between(std::string_view attribute, const std::optional<std::string>& from,
                      const std::optional<std::string>& to) {
    if (!from && !to)
        return *this;
    if (syntax_ == filter_syntax::old)
        return filter(attribute, "",
                      percent_encode(from.value_or("neginf")) + ".." + percent_encode(to.value_or("inf")));
    if (from)
        filter(attribute, "[gte]", percent_encode(*from));
    if (to)
        filter(attribute, "[lte]", percent_encode(*to));
    return *this;
}

query& query::since(std::string_view attribute, wall_time from) {
    return between(attribute, to_rfc3339(from), std::nullopt);
}

query& query::is_null(std::string_view attribute) {
    return filter(attribute, "", "__null__");
}

query& query::is_not_null(std::string_view attribute) {
    return filter(attribute, "", "__notnull__");
}

query& query::related(std::string_view relationship, std::span<const std::string> ids) {
    return any_of(std::string{relationship} + "][id", ids);
}

query& query::related(std::string_view relationship, std::string_view id) {
    return equals(std::string{relationship} + "][id", id);
}

query& query::sort(std::string_view attributes) {
    return put("sort", encode_list(attributes));
}

query& query::include(std::string_view relationships) {
    return put("include", encode_list(relationships));
}

query& query::fields(std::string_view type, std::string_view attributes) {
    return put("fields[" + std::string{type} + "]", encode_list(attributes));
}

query& query::page_size(std::uint32_t size) {
    return put("page[size]", std::to_string(size));
}

query& query::page_offset(std::uint32_t offset, std::uint32_t limit) {
    return put("page[offset]", std::to_string(offset)).put("page[limit]", std::to_string(limit));
}

query& query::count() {
    return put("count", "true");
}

query& query::action(std::string_view name, std::string_view value) {
    return put("actionParams[" + std::string{name} + "]", percent_encode(value));
}

query& query::add(std::string_view name, std::string_view value) {
    has_filter_ = has_filter_ || name.starts_with(root_ + "[");
    return put(name, percent_encode(value));
}

query& query::filter(std::string_view attribute, std::string_view suffix, std::string_view encoded_value) {
    has_filter_ = true;
    return put(root_ + "[" + std::string{attribute} + "]" + std::string{suffix}, encoded_value);
}

query& query::put(std::string_view name, std::string_view encoded_value) {
    if (!text_.empty())
        text_ += '&';
    text_ += encode(name, "[]");
    text_ += '=';
    text_ += encoded_value;
    return *this;
}

bool has_batch_filter(std::string_view query_text) {
    // Read as a server does: brackets may be percent-encoded in either case.
    std::string plain;
    for (std::size_t at = 0; at < query_text.size(); ++at) {
        const std::string_view code = query_text.substr(at, 3);
        if (code == "%5B" || code == "%5b")
            plain += '[', at += 2;
        else if (code == "%5D" || code == "%5d")
            plain += ']', at += 2;
        else
            plain += query_text[at];
    }
    for (std::size_t at = 0; at <= plain.size();) {
        const std::size_t end = std::min(plain.find('&', at), plain.size());
        const std::string_view pair = std::string_view{plain}.substr(at, end - at);
        const std::size_t equals = pair.find('=');
        if (pair.starts_with("actionParams[filter][") && equals != std::string_view::npos &&
            equals + 1 < pair.size())
            return true;
        at = end + 1;
    }
    return false;
}

std::string with_query(std::string path, std::string_view query_text) {
    if (query_text.empty())
        return path;
    path += path.find('?') == std::string::npos ? '?' : '&';
    path += query_text;
    return path;
}

} // namespace outreachd::handlers::outreach
