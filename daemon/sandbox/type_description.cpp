#include "daemon/sandbox/type_description.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

namespace outreachd::sandbox {

namespace {

/// The next word, and `text` without it. Parentheses hold what is in them together.
std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::size_t end = 0;
    for (int depth = 0; end < text.size() && (text[end] != ' ' || depth > 0); ++end)
        depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

bool take_flag(std::string_view& word, char flag) {
    if (!word.ends_with(flag))
        return false;
    word.remove_suffix(1);
    return true;
}

value_kind kind_of(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, value_kind>, 7> kinds{{
        {"text", value_kind::text},
        {"integer", value_kind::integer},
        {"number", value_kind::number},
        {"boolean", value_kind::boolean},
        {"time", value_kind::time},
        {"list", value_kind::list},
        {"object", value_kind::object},
    }};
    const auto* const found = std::ranges::find(kinds, name, &std::pair<std::string_view, value_kind>::first);
    assert(found != kinds.end());
    return found->second;
}

/// What stands behind `mark` at the end of `word`, and `word` without it; empty where it isn't there.
std::string_view take_behind(std::string_view& word, char mark) {
    const std::size_t at = word.find(mark);
    if (at == std::string_view::npos)
        return {};
    const std::string_view behind = word.substr(at + 1);
    word = word.substr(0, at);
    return behind;
}

/// Takes all flags off the end of `word`.
void take_flags(std::string_view& word, attribute& into) {
    for (bool is_flag = true; is_flag;) {
        const bool is_required = take_flag(word, '!');
        const bool is_read_only = take_flag(word, '-');
        const bool is_unfilterable = take_flag(word, '~');
        const bool is_on_request = take_flag(word, '?');
        into.is_required |= is_required;
        into.is_read_only |= is_read_only;
        into.is_filterable &= !is_unfilterable;
        into.is_on_request |= is_on_request;
        is_flag = is_required || is_read_only || is_unfilterable || is_on_request;
    }
}

attribute read_attribute(std::string_view word) {
    attribute read;
    take_flags(word, read);
    for (std::string_view values = take_behind(word, '='); !values.empty();) {
        const std::string_view rest = take_behind(values, '|');
        read.values.push_back(values);
        values = rest;
    }
    if (const std::string_view length = take_behind(word, '/'); !length.empty())
        std::from_chars(length.data(), length.data() + length.size(), read.length_max);
    if (const std::string_view kind = take_behind(word, ':'); !kind.empty())
        read.kind = kind_of(kind);
    take_flags(word, read); // They may stand behind the name as well.
    read.name = word;
    assert(!word.empty());
    return read;
}

relationship read_relationship(std::string_view word) {
    relationship read;
    read.is_required = take_flag(word, '!');
    read.is_read_only = take_flag(word, '-');
    const std::size_t mark = word.find_first_of("=*<");
    assert(mark != std::string_view::npos);
    read.name = word.substr(0, mark);
    read.type = word.substr(mark + 1);
    read.is_many = word[mark] != '=';
    read.is_read_only |= read.is_many;
    if (word[mark] == '<')
        read.inverse = take_behind(read.type, '.');
    return read;
}

action read_action(std::string_view word) {
    take_flag(word, ')');
    std::string_view parameters = take_behind(word, '(');
    action read{word, {}};
    for (std::string_view each = take_word(parameters); !each.empty(); each = take_word(parameters)) {
        const bool is_required = take_flag(each, '!');
        read.parameters.push_back({each, is_required});
    }
    return read;
}

template <typename Read>
auto read_all(std::string_view text, Read read) {
    std::vector<decltype(read(text))> all;
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text))
        all.push_back(read(word));
    return all;
}

} // namespace

resource_type read_description(const type_description& from) {
    resource_type read{from.type,
                       from.plural,
                       from.operations,
                       read_all(from.attributes, read_attribute),
                       read_all(from.relationships, read_relationship),
                       read_all(from.actions, read_action),
                       read_all(from.events, [](std::string_view word) { return word; }),
                       from.initial,
                       from.has_custom};
    for (const std::string_view kept : {"createdAt", "updatedAt"}) {
        attribute time{kept, value_kind::time};
        time.is_read_only = true;
        read.attributes.push_back(time);
    }
    return read;
}

const attribute* resource_type::find_attribute(std::string_view name) const {
    const auto found = std::ranges::find(attributes, name, &attribute::name);
    if (found != attributes.end())
        return &*found;
    static const attribute custom{"custom"};
    constexpr std::string_view prefix = "custom";
    const bool is_custom = has_custom && name.starts_with(prefix) && name.size() > prefix.size() &&
                           name.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
    return is_custom ? &custom : nullptr;
}

const relationship* resource_type::find_relationship(std::string_view name) const {
    const auto found = std::ranges::find(relationships, name, &relationship::name);
    return found == relationships.end() ? nullptr : &*found;
}

const action* resource_type::find_action(std::string_view name) const {
    const auto found = std::ranges::find(actions, name, &action::name);
    return found == actions.end() ? nullptr : &*found;
}

} // namespace outreachd::sandbox
