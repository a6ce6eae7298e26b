/// Reads the parameters of the API's lists.
#include "daemon/admin/event_query.hpp"

#include "daemon/event/event_id.hpp"
#include "daemon/text/hex_digit.hpp"
#include "daemon/text/number.hpp"

#include <algorithm>
#include <set>

namespace outreachd::admin {

namespace {

constexpr std::size_t limit_max = 1000;
/// Longer than any event's name, and short enough to be held against each of a large store.
constexpr std::size_t glob_bytes_max = 512;

/// What is allowed for a parameter, where `value` isn't; nothing where it was taken.
std::optional<std::string> apply(list_query& filter, std::string_view name, const std::string& value,
                                 wall_time now) {
    if (name == "limit") {
        filter.limit = whole_number<std::size_t>(value);
        if (!filter.limit || *filter.limit == 0 || *filter.limit > limit_max)
            return "a number from 1 to 1000";
    } else if (name == "before" && !value.empty()) {
        filter.before = value;
    } else if (name == "since") {
        filter.since = parse_since(value, now);
        if (!filter.since)
            return "a time such as 2026-11-21T08:22:55Z, or how long ago, such as 2h or 7d";
    } else if (name == "state") {
        filter.state = store::parse_event_state(value);
        if (!filter.state)
            return "one of pending, published, done, dead, unrouted, discarded";
    } else if (value.empty()) {
        return "a text that isn't empty";
    } else if (name == "handler") {
        filter.handler = value;
    } else if (name == "name") {
        if (value.size() > glob_bytes_max)
            return "a name, or a glob on names, of at most " + std::to_string(glob_bytes_max) + " bytes";
        filter.name = value;
    } else if (name == "cursor") {
        filter.cursor = value;
    } else {
        filter.resource = value;
    }
    return std::nullopt;
}

std::string listed(std::span<const std::string_view> names) {
    std::string text;
    for (const std::string_view name : names)
        text += (text.empty() ? "" : ", ") + std::string{name};
    return text;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+') {
            decoded += ' ';
        } else if (text[at] == '%') {
            if (at + 2 >= text.size())
                return std::nullopt;
            const auto high = hex_digit(text[at + 1]);
            const auto low = hex_digit(text[at + 2]);
            if (!high || !low)
                return std::nullopt;
            decoded += static_cast<char>(*high << 4U | *low);
            at += 2;
        } else {
            decoded += text[at];
        }
    }
    return decoded;
}

std::optional<wall_time> parse_since(std::string_view text, wall_time now) {
    if (text.empty())
        return std::nullopt;
    std::int64_t unit_seconds = 0;
    switch (text.back()) {
    case 's':
        unit_seconds = 1;
        break;
    case 'm':
        unit_seconds = 60;
        break;
    case 'h':
        unit_seconds = 60 * 60;
        break;
    case 'd':
        unit_seconds = 24 * 60 * 60;
        break;
    default:
        // In a query that wasn't encoded, the `+` of an offset has become a space.
        if (std::string time{text}; time.size() > 6 && time[time.size() - 6] == ' ') {
            time[time.size() - 6] = '+';
            return parse_timestamp(time);
        }
        return parse_timestamp(text);
    }
    constexpr std::int64_t days_max = 100 * 366; // Any longer is a slip, and would leave the calendar.
    const auto count = whole_number<std::int64_t>(text.substr(0, text.size() - 1));
    if (!count || *count > days_max * 24 * 60 * 60 / unit_seconds)
        return std::nullopt;
    return now - std::chrono::seconds{*count * unit_seconds};
}

std::optional<bad_parameter> read_parameters(std::string_view query, std::span<const std::string_view> known,
                                             const take_parameter& take) {
    std::set<std::string, std::less<>> seen;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        if (pair.empty())
            continue;
        const auto equals = pair.find('=');
        const auto name = percent_decode(pair.substr(0, equals));
        const auto value =
            percent_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
        if (!name || !value)
            return bad_parameter{"'" + std::string{pair} + "' is not percent-encoded as it should be"};
        if (std::ranges::find(known, *name) == known.end())
            return bad_parameter{"unknown parameter '" + *name + "'; " +
                                 (known.empty() ? "none is taken here" : "allowed are " + listed(known))};
        if (!seen.insert(*name).second)
            return bad_parameter{"parameter '" + *name + "' is given twice"};
        if (const auto allowed = take(*name, *value))
            return bad_parameter{"parameter '" + *name + "' is '" + *value + "'; allowed is " + *allowed};
    }
    return std::nullopt;
}

std::variant<list_query, bad_parameter>
parse_list_query(std::string_view query, std::span<const std::string_view> known, wall_time now) {
    list_query filter;
    auto bad = read_parameters(query, known, [&](std::string_view name, const std::string& value) {
        return apply(filter, name, value, now);
    });
    if (bad)
        return std::move(*bad);
    return filter;
}

bad_parameter bad_before(const std::string& value, std::string_view what) {
    return {"parameter 'before' is '" + value + "'; allowed is " + std::string{what}};
}

namespace {

/// What the lists of events and of dead deliveries have in common. `before` is an id of `what`.
template <typename Filter>
std::variant<Filter, bad_parameter> to_filter(const list_query& read, std::string_view what) {
    Filter filter;
    filter.limit = read.limit.value_or(filter.limit);
    if (!read.before.empty() && !(filter.before = parse_event_id(read.before)))
        return bad_before(read.before, what);
    filter.since = read.since;
    filter.handler = read.handler;
    filter.name = read.name;
    filter.resource = read.resource;
    return filter;
}

} // namespace

std::variant<store::event_filter, bad_parameter> parse_event_query(std::string_view query, wall_time now) {
    static constexpr std::string_view known[] = {"limit", "before",   "since",  "state",
                                                 "name",  "resource", "handler"};
    auto parsed = parse_list_query(query, known, now);
    if (auto* const bad = std::get_if<bad_parameter>(&parsed))
        return std::move(*bad);
    const auto& read = std::get<list_query>(parsed);
    auto made = to_filter<store::event_filter>(read, "an event's id");
    if (auto* const filter = std::get_if<store::event_filter>(&made))
        filter->state = read.state;
    return made;
}

std::variant<store::dead_filter, bad_parameter> parse_dead_query(std::string_view query, wall_time now) {
    static constexpr std::string_view known[] = {"limit", "before", "since", "name", "resource", "handler"};
    auto parsed = parse_list_query(query, known, now);
    if (auto* const bad = std::get_if<bad_parameter>(&parsed))
        return std::move(*bad);
    return to_filter<store::dead_filter>(std::get<list_query>(parsed), "a delivery's id");
}

} // namespace outreachd::admin
