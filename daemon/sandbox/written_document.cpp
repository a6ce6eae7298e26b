#include "daemon/sandbox/written_document.hpp"

#include "daemon/sandbox/message.hpp"
#include "daemon/sandbox/query.hpp"
#include "daemon/text/number.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

std::string_view name_of(value_kind kind) noexcept {
    switch (kind) {
    case value_kind::integer:
        return "an integer";
    case value_kind::number:
        return "a number";
    case value_kind::boolean:
        return "true or false";
    case value_kind::time:
        return "an ISO 8601 time";
    case value_kind::list:
        return "a list";
    case value_kind::object:
        return "an object";
    case value_kind::text:
        break;
    }
    return "a text";
}

bool fits(value_kind kind, const json::value& value) {
    switch (kind) {
    case value_kind::integer:
        return value.is_int64() || value.is_uint64();
    case value_kind::number:
        return value.is_number();
    case value_kind::boolean:
        return value.is_bool();
    case value_kind::time: {
        if (!value.is_string())
            return false;
        const std::string_view text = value.get_string();
        return parse_timestamp(text) || parse_timestamp(std::string{text} + "T00:00:00Z");
    }
    case value_kind::list:
        return value.is_array();
    case value_kind::object:
        return value.is_object();
    case value_kind::text:
        break;
    }
    return value.is_string();
}

std::string as_text(const json::value& value) {
    if (value.is_string())
        return std::string{value.get_string()};
    return value.is_int64() ? std::to_string(value.get_int64()) : std::string{};
}

const json::object* object_in(const json::object& from, std::string_view name, const std::string& pointer) {
    const json::value* const found = from.if_contains(name);
    if (found == nullptr || found->is_null())
        return nullptr;
    if (!found->is_object())
        throw invalid(pointer, "It must be an object.");
    return &found->get_object();
}

/// One resource identifier, `{"type", "id"}`.
record_id read_identifier(const records& data, const relationship& by, const json::value& value,
                          const std::string& pointer) {
    const json::object* const object = value.if_object();
    const json::value* const id = object == nullptr ? nullptr : object->if_contains("id");
    const json::value* const type = object == nullptr ? nullptr : object->if_contains("type");
    if (type == nullptr || !type->is_string() || type->get_string() != by.type)
        throw invalid(pointer, "It must lead to a " + std::string{by.type} + ".");
    if (id == nullptr || !id->is_int64())
        throw invalid(pointer, "The id must be an integer.");
    if (data.find(by.type, id->get_int64()) == nullptr)
        throw invalid(pointer, "There is no " + std::string{by.type} + " " + as_text(*id) + ".");
    return id->get_int64();
}

void read_relationship(const records& data, const resource_type& type, std::string_view name,
                       const json::value& value, written_document& into) {
    const std::string pointer = "/data/relationships/" + std::string{name};
    const relationship* const by = type.find_relationship(name);
    if (by == nullptr)
        throw invalid(pointer, "There is no such relationship.");
    if (by->is_read_only)
        throw invalid(pointer, "It can't be written.");
    const json::object* const object = value.if_object();
    const json::value* const linkage = object == nullptr ? nullptr : object->if_contains("data");
    if (linkage == nullptr)
        throw invalid(pointer, "It must be an object with `data`.");
    auto& ids = into.relationships[std::string{name}];
    if (!linkage->is_null())
        ids = {read_identifier(data, *by, *linkage, pointer)};
    const json::object* const meta = object_in(*object, "meta", pointer);
    if (meta != nullptr && meta->contains("complete") && meta->at("complete") == json::value(true))
        into.completing.emplace_back(name);
}

/// Contract 6.22: a PATCH says of what it is.
void check_identity(const json::object& data, const resource_type& type, const record* updated) {
    const json::value* const written = data.if_contains("type");
    if (written == nullptr || !written->is_string() || written->get_string() != type.type)
        throw invalid("/data/type", "It must be '" + std::string{type.type} + "'.");
    const json::value* const id = data.if_contains("id");
    if (updated == nullptr && id != nullptr)
        throw invalid("/data/id", "A new record gets its id from us.");
    if (updated != nullptr && (id == nullptr || as_text(*id) != std::to_string(updated->id)))
        throw invalid("/data/id", "It must be the id in the URL.");
}

void check_required(const resource_type& type, const written_document& read) {
    for (const attribute& each : type.attributes) {
        if (each.is_required && !read.attributes.contains(each.name))
            throw invalid("/data/attributes/" + std::string{each.name}, "can't be blank");
    }
    for (const relationship& each : type.relationships) {
        const auto given = read.relationships.find(each.name);
        if (each.is_required && (given == read.relationships.end() || given->second.empty()))
            throw invalid("/data/relationships/" + std::string{each.name}, "can't be blank");
    }
}

} // namespace

void check_attribute(const resource_type& type, std::string_view name, const json::value& value,
                     const std::string& pointer) {
    const attribute* const known = type.find_attribute(name);
    if (known == nullptr)
        throw invalid(pointer, "There is no such attribute.");
    if (known->is_read_only)
        throw invalid(pointer, "It can't be written.");
    const bool is_blank = value.is_null() || (value.is_string() && value.get_string().empty());
    if (known->is_required && is_blank)
        throw invalid(pointer, "can't be blank");
    if (value.is_null())
        return;
    if (!fits(known->kind, value))
        throw invalid(pointer, "It must be " + std::string{name_of(known->kind)} + ".");
    if (known->length_max > 0 && value.is_string() && value.get_string().size() > known->length_max)
        throw invalid(pointer,
                      "is too long (maximum is " + std::to_string(known->length_max) + " characters)");
    if (!known->values.empty() && std::ranges::find(known->values, as_text(value)) == known->values.end())
        throw invalid(pointer, "is not included in the list");
}

json::value attribute_from_text(const resource_type& type, std::string_view name, const std::string& text) {
    const std::string pointer = "/data/attributes/" + std::string{name};
    const attribute* const known = type.find_attribute(name);
    const value_kind kind = known == nullptr ? value_kind::text : known->kind;
    json::value read = nullptr;
    if (text.empty()) {
        // Nothing is known.
    } else if (kind == value_kind::integer) {
        const auto number = parse_number<std::int64_t>(text);
        if (!number)
            throw invalid(pointer, "It must be an integer.");
        read = *number;
    } else if (kind == value_kind::number) {
        const auto number = parse_number<double>(text);
        if (!number)
            throw invalid(pointer, "It must be a number.");
        read = *number;
    } else if (kind == value_kind::boolean) {
        read = text == "true" || text == "1" || text == "yes";
    } else if (kind == value_kind::list) {
        json::array list;
        for (const std::string& each : split(text, ','))
            list.emplace_back(each);
        read = std::move(list);
    } else {
        read = json::value(text);
    }
    check_attribute(type, name, read, pointer);
    return read;
}

written_document read_document(const records& data, const resource_type& type, std::string_view body,
                               const record* updated) {
    const json::object document = parse_object(body);
    const json::object* const written = object_in(document, "data", "/data");
    if (written == nullptr)
        throw invalid("/data", "A document needs `data`.");
    check_identity(*written, type, updated);
    written_document read;
    if (const json::object* const attributes = object_in(*written, "attributes", "/data/attributes")) {
        for (const auto& [name, value] : *attributes) {
            check_attribute(type, name, value, "/data/attributes/" + std::string{name});
            read.attributes[name] = value;
        }
    }
    if (const json::object* const relationships =
            object_in(*written, "relationships", "/data/relationships")) {
        for (const auto& [name, value] : *relationships)
            read_relationship(data, type, name, value, read);
    }
    if (const json::object* const meta = object_in(*written, "meta", "/data/meta"))
        read.meta = *meta;
    if (updated == nullptr)
        check_required(type, read);
    return read;
}

} // namespace outreachd::sandbox
