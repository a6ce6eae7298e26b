/// The sections about what becomes of events: handlers, routes.
#include "daemon/settings/expressions.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/units.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace outreachd::settings {

namespace {

constexpr range<std::uint32_t> concurrency_range{1, 256};
constexpr range<std::uint32_t> attempts_range{1, 1'000'000};
constexpr range<double> factor_range{1, 1000};
constexpr range<double> jitter_range{0, 1};
constexpr std::size_t handler_name_length_max = 64;

bool is_handler_name(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    };
    return !text.empty() && text.size() <= handler_name_length_max &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

void read_retry(const section_reader& handler_section, retry& into) {
    const auto section = handler_section.section("retry", known::retry);
    if (!section)
        return;
    section->read_number("attempts", into.attempts_max, attempts_range);
    section->read("initial", into.initial, any_duration);
    section->read("factor", into.factor, factor_range);
    section->read("max", into.max, any_duration);
    section->read("jitter", into.jitter, jitter_range);
    const std::string initial_key = section->key_of("initial");
    const std::string max_key = section->key_of("max");
    findings& found = section->found();
    if (found.is_sound(initial_key) && found.is_sound(max_key) && into.initial > into.max) {
        // Only one of them may be given, and that one is then the mistake.
        const bool has_initial = section->find("initial").has_value();
        const std::string& key = has_initial ? initial_key : max_key;
        found.error(key, found.where(key),
                    has_initial
                        ? "'" + to_text(into.initial) + "' is longer than 'max', " + to_text(into.max)
                        : "'" + to_text(into.max) + "' is shorter than 'initial', " + to_text(into.initial));
    }
}

void read_common(const section_reader& section, handler& into) {
    static constexpr std::string_view orderings[] = {"resource", "none"};
    static constexpr ordering ordering_values[] = {ordering::resource, ordering::none};
    section.read_number("concurrency", into.concurrency, concurrency_range);
    section.read("timeout", into.timeout, any_duration);
    section.read_choice<ordering>("ordering", into.ordering, orderings, ordering_values);
    read_retry(section, into.retry);
}

log_handler read_log_handler(const section_reader& section) {
    static const std::array<std::string, 4> level_values = {"debug", "info", "warn", "error"};
    log_handler read;
    section.read_choice<std::string>("level", read.level, log_levels, level_values);
    if (const auto message = section.find("message"))
        if (auto text = read_template(*message))
            read.message = std::move(*text);
    return read;
}

file_handler read_file_handler(const section_reader& section) {
    file_handler read;
    if (const auto path = section.require("path", "the file that lines are appended to"))
        if (auto text = read_text(*path)) {
            if (!text->starts_with('/'))
                path->error(in_quotes(*text) + " is not an absolute path; it should begin with '/'");
            else if (text->ends_with('/'))
                path->error(in_quotes(*text) + " names a directory; give the file");
            else if (std::error_code unknown; std::filesystem::is_directory(*text, unknown))
                path->error(in_quotes(*text) + " is a directory; give the file");
            else
                read.path = std::move(*text);
        }
    section.read("fsync", read.fsync);
    return read;
}

struct handler_type {
    std::string_view name;
    const known_section& keys;
    void (*read)(const section_reader& section, handler& into);
};

/// One entry for each type.
constexpr handler_type handler_types[] = {
    {"log", known::log_handler,
     [](const section_reader& from, handler& to) { to.type = read_log_handler(from); }},
    {"file", known::file_handler,
     [](const section_reader& from, handler& to) { to.type = read_file_handler(from); }},
    {"http", known::http_handler,
     [](const section_reader& from, handler& to) { to.type = read_http_handler(from); }},
    {"exec", known::exec_handler,
     [](const section_reader& from, handler& to) { to.type = read_exec_handler(from); }},
    {"amqp", known::amqp_handler,
     [](const section_reader& from, handler& to) { to.type = read_amqp_handler(from); }},
    {"outreach", known::outreach_handler,
     [](const section_reader& from, handler& to) { to.type = read_outreach_handler(from); }},
};
static_assert(std::size(handler_types) == std::size(known::handler_types));

std::string list_of_types() {
    std::string listed;
    for (const std::string_view name : known::handler_types)
        listed.append(listed.empty() ? "" : ", ").append(name);
    return listed;
}

/// The handler's type where this version has it; says why not otherwise.
const handler_type* read_type(const value_ref& map) {
    for (const yaml_entry& entry : map.node.entries) {
        if (entry.key->type != yaml_node::kind::scalar || entry.key->text != "type")
            continue;
        const value_ref value{map.found, map.key + ".type", *entry.value};
        map.found.place(value.key, value.node.where);
        auto text = read_text(value);
        if (!text)
            return nullptr;
        for (const handler_type& type : handler_types)
            if (type.name == *text)
                return &type;
        value.error("unknown handler type " + in_quotes(*text) + suggestion(*text, known::handler_types));
        return nullptr;
    }
    map.found.error(map.key + ".type", map.node.where,
                    "is missing; give the handler's type: " + list_of_types());
    return nullptr;
}

std::optional<handler> read_handler(const value_ref& map, std::string name) {
    // Without the type nobody can say which keys belong there.
    const handler_type* const type = read_type(map);
    if (type == nullptr)
        return std::nullopt;
    handler read;
    read.name = std::move(name);
    const section_reader section{map, type->keys};
    read_common(section, read);
    type->read(section, read);
    return read;
}

route read_route(const section_reader& section) {
    route read;
    if (const auto match = section.require("match", "a glob on the event's name, as in task.*"))
        if (auto globs = read_text_or_list(*match))
            read.match = std::move(*globs);
    if (const auto where = section.find("where"))
        if (auto program = read_program(*where))
            read.where = std::move(*program);
    if (const auto to = section.require("to", "the list of handlers")) {
        auto names = read_text_list(*to);
        if (names && names->empty())
            to->error("is an empty list; name at least one handler");
        else if (names)
            read.to = std::move(*names);
    }
    return read;
}

} // namespace

void read_handlers(const section_reader& top, std::vector<handler>& into, std::set<std::string>& names) {
    const auto value = top.find("handlers");
    if (!value || !expect_map(*value))
        return;
    for (const yaml_entry& entry : value->node.entries) {
        const yaml_node& name = *entry.key;
        if (name.type != yaml_node::kind::scalar || !is_handler_name(name.text)) {
            value->found.error(value->key, name.where,
                               (name.type == yaml_node::kind::scalar ? in_quotes(name.text) : "this key") +
                                   " is no name for a handler: 1 to 64 letters, digits, '_' and '-'");
            continue;
        }
        if (!names.insert(name.text).second) {
            value->found.error(value->key, name.where,
                               "the handler " + in_quotes(name.text) + " is given twice");
            continue;
        }
        const value_ref map{value->found, value->key + "." + name.text, *entry.value};
        // Its name is what a message about the handler as a whole should point at.
        value->found.place(map.key, name.where);
        if (expect_map(map))
            if (auto read = read_handler(map, name.text))
                into.push_back(std::move(*read));
    }
}

void read_routes(const section_reader& top, std::vector<route>& into) {
    for (const value_ref& element : top.list("routes"))
        into.push_back(expect_map(element) ? read_route({element, known::route}) : route{});
}

} // namespace outreachd::settings
