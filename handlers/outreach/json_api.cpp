#include "handlers/outreach/json_api.hpp"

#include "daemon/text/ascii.hpp"
#include "daemon/text/utf8.hpp"
#include "handlers/json_compact.hpp"
#include "handlers/outreach/json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace outreachd::handlers::outreach {

namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 512;
constexpr std::size_t errors_max = 20;
constexpr std::size_t errors_shown = 3;
constexpr std::size_t error_body_bytes_max = 256UL * 1024; ///< Of which errors are looked for.
constexpr std::size_t words_bytes_max = 120;               ///< Of a body that isn't JSON.

std::string shown_member(const json::object& from, std::string_view name) {
    const json::value* const found = from.if_contains(name);
    if (found == nullptr || found->is_null())
        return {};
    if (const auto* text = found->if_string())
        return presentable(*text);
    return presentable(json::serialize(*found));
}

api_error read_error(const json::value& from) {
    api_error error;
    const auto* const object = from.if_object();
    if (object == nullptr) {
        error.detail = from.is_string() ? presentable(from.get_string()) : std::string{};
        return error;
    }
    error.id = shown_member(*object, "id");
    if (error.id.empty())
        error.id = shown_member(*object, "code"); // JSON:API's own name for it
    error.title = shown_member(*object, "title");
    error.detail = shown_member(*object, "detail");
    if (error.detail.empty())
        error.detail = shown_member(*object, "details");
    if (const json::value* const pointer = find_member(from, {"source", "pointer"});
        pointer != nullptr && pointer->is_string())
        error.pointer = presentable(pointer->get_string());
    else
        error.pointer = presentable(find_text(from, {"source", "parameter"}));
    return error;
}

/// `validationError: Validation Error: Name can't be blank (/data/attributes/name)`
std::string describe(const api_error& error) {
    std::string line = error.id;
    for (const std::string* const words : {&error.title, &error.detail})
        if (!words->empty() && (words != &error.detail || error.detail != error.title))
            line += (line.empty() ? "" : ": ") + *words;
    if (line.empty())
        line = "an error without a word";
    if (!error.pointer.empty())
        line += " (" + error.pointer + ")";
    return line;
}

bool looks_like_html(std::string_view content_type, std::string_view body) {
    const std::string start = to_lower(trimmed(body, " \t\r\n").substr(0, 16));
    return to_lower(content_type).find("html") != std::string::npos || start.starts_with("<!doctype") ||
           start.starts_with("<html");
}

} // namespace

std::string presentable(std::string_view text, std::size_t bytes_max) {
    std::string shown;
    bool is_after_space = true;
    while (!text.empty()) {
        const utf8_unit unit = next_utf8(text);
        const bool is_shown = unit.is_valid && !is_disturbing(unit.code);
        const bool is_space = is_shown ? unit.code == ' ' : (text.front() > 0 && text.front() <= ' ');
        if (shown.size() + unit.bytes > bytes_max)
            return shown + "...";
        if (is_space ? !is_after_space : is_shown)
            shown += is_space ? std::string_view{" "} : text.substr(0, unit.bytes);
        is_after_space = is_space || (is_after_space && !is_shown);
        text.remove_prefix(unit.bytes);
    }
    if (shown.ends_with(' '))
        shown.pop_back();
    return shown;
}

std::optional<json::value> read_json(std::string_view body) {
    json::parse_options options;
    options.max_depth = depth_max;
    boost::system::error_code ec;
    json::value read = json::parse(body, ec, {}, options);
    if (ec)
        return std::nullopt;
    return read;
}

const json::value* find_member(const json::value& in, std::initializer_list<std::string_view> path) {
    const json::value* at = &in;
    for (const std::string_view name : path) {
        const auto* const object = at->if_object();
        at = object == nullptr ? nullptr : object->if_contains(name);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

std::string text_of(const json::value* value) {
    if (value == nullptr || value->is_null())
        return {};
    return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

std::string_view find_text(const json::value& in, std::initializer_list<std::string_view> path) {
    const json::value* const found = find_member(in, path);
    return found != nullptr && found->is_string() ? std::string_view{found->get_string()}
                                                  : std::string_view{};
}

std::vector<api_error> read_errors(std::string_view body) {
    std::vector<api_error> errors;
    if (body.size() > error_body_bytes_max)
        return errors;
    const auto document = read_json(body);
    const json::value* const list = document ? find_member(*document, {"errors"}) : nullptr;
    if (list == nullptr)
        return errors;
    if (const auto* array = list->if_array()) {
        for (const json::value& each : *array) {
            if (errors.size() == errors_max)
                break;
            errors.push_back(read_error(each));
        }
    } else if (!list->is_null()) {
        errors.push_back(read_error(*list));
    }
    return errors;
}

bool is_endpoints_word(std::string_view body) {
    const auto document = read_json(body);
    return document && (!find_text(*document, {"error"}).empty() || !read_errors(body).empty());
}

std::string describe_failure(int status, std::string_view content_type, std::string_view body) {
    std::string line = std::to_string(status);
    const std::vector<api_error> errors = read_errors(body);
    for (std::size_t i = 0; i < errors.size() && i < errors_shown; ++i)
        line += (i == 0 ? " " : "; ") + describe(errors[i]);
    if (errors.size() > errors_shown)
        line += "; and " + std::to_string(errors.size() - errors_shown) + " more";
    if (!errors.empty())
        return line;
    if (looks_like_html(content_type, body))
        return line + ", with a web page instead of JSON";
    // The token endpoint answers OAuth's way (RFC 6749, 5.2).
    if (const auto document = read_json(body)) {
        const std::string code = presentable(find_text(*document, {"error"}));
        const std::string words = presentable(find_text(*document, {"error_description"}));
        if (!code.empty())
            line += " " + code + (words.empty() ? "" : ": " + words);
        return line;
    }
    const std::string words = presentable(body, words_bytes_max);
    return words.empty() ? line : line + ": " + words;
}

std::string next_page(const json::value& document) {
    const json::value* const next = find_member(document, {"links", "next"});
    if (next != nullptr && next->is_object()) // JSON:API also has links with members
        return std::string{find_text(*next, {"href"})};
    return std::string{find_text(document, {"links", "next"})};
}

total_count read_count(const json::value& document) {
    total_count read;
    const json::value* const count = find_member(document, {"meta", "count"});
    if (count == nullptr || !count->is_number())
        return read;
    boost::system::error_code ec;
    const auto value = count->to_number<std::uint64_t>(ec);
    if (ec)
        return read;
    const json::value* const truncated = find_member(document, {"meta", "count_truncated"});
    const bool is_truncated = truncated != nullptr && truncated->is_bool() && truncated->get_bool();
    read.value = value;
    read.precision = !is_truncated ? total_count::kind::exact
                     : value == 0  ? total_count::kind::unknown
                                   : total_count::kind::at_least;
    return read;
}

std::string resource_id(const json::value& resource) {
    const json::value* const id = find_member(resource, {"id"});
    if (id == nullptr || id->is_null())
        return {};
    return id->is_string() ? std::string{std::string_view{id->get_string()}} : json::serialize(*id);
}

const json::value* find_included(const json::value& document, std::string_view type, std::string_view id) {
    const json::value* const included = find_member(document, {"included"});
    if (included == nullptr || !included->is_array())
        return nullptr;
    for (const json::value& each : included->get_array())
        if (find_text(each, {"type"}) == type && resource_id(each) == id)
            return &each;
    return nullptr;
}

const json::value* find_related(const json::value& document, const json::value& resource,
                                std::string_view relationship) {
    const json::value* const link = find_member(resource, {"relationships", relationship, "data"});
    return link == nullptr || !link->is_object()
               ? nullptr
               : find_included(document, find_text(*link, {"type"}), resource_id(*link));
}

std::vector<std::string_view> resource_texts(std::string_view body) {
    if (!is_json(body))
        return {};
    const std::string_view data = member_text(body, "data");
    if (data.empty() || data == "null")
        return {};
    if (data.front() == '[')
        return element_texts(data);
    return {data};
}

std::string exact_resource_id(std::string_view body) {
    if (!is_json(body))
        return {};
    const std::string_view id = member_text(member_text(body, "data"), "id");
    if (!id.starts_with('"'))
        return id == "null" ? std::string{} : std::string{id};
    const auto text = read_json(id);
    return text ? std::string{std::string_view{text->get_string()}} : std::string{};
}

} // namespace outreachd::handlers::outreach
