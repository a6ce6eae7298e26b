#include "daemon/amqp_connection/header_table.hpp"

#include <charconv>
#include <limits>
#include <optional>

namespace outreachd::amqp_connection {

namespace {

template <typename Number>
std::string digits_of(Number value) {
    char text[64];
    const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
    return {text, end};
}

std::optional<std::string> text_of(const amqp_field_value_t& field) {
    switch (field.kind) {
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
        return std::string{view_of(field.value.bytes)};
    case AMQP_FIELD_KIND_BOOLEAN:
        return field.value.boolean != 0 ? "true" : "false";
    case AMQP_FIELD_KIND_I8:
        return digits_of(int{field.value.i8});
    case AMQP_FIELD_KIND_U8:
        return digits_of(int{field.value.u8});
    case AMQP_FIELD_KIND_I16:
        return digits_of(field.value.i16);
    case AMQP_FIELD_KIND_U16:
        return digits_of(field.value.u16);
    case AMQP_FIELD_KIND_I32:
        return digits_of(field.value.i32);
    case AMQP_FIELD_KIND_U32:
        return digits_of(field.value.u32);
    case AMQP_FIELD_KIND_I64:
        return digits_of(field.value.i64);
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP:
        return digits_of(field.value.u64);
    case AMQP_FIELD_KIND_F32:
        return digits_of(field.value.f32);
    case AMQP_FIELD_KIND_F64:
        return digits_of(field.value.f64);
    default:
        return std::nullopt;
    }
}

amqp_table_entry_t entry(const char* name, std::uint8_t kind) noexcept {
    amqp_table_entry_t made{};
    made.key = bytes_of(name);
    made.value.kind = kind;
    return made;
}

} // namespace

std::vector<header> headers_of(const amqp_table_t& table) {
    std::vector<header> headers;
    headers.reserve(static_cast<std::size_t>(table.num_entries));
    for (int at = 0; at < table.num_entries; ++at)
        if (auto text = text_of(table.entries[at].value))
            headers.push_back({std::string{view_of(table.entries[at].key)}, std::move(*text)});
    return headers;
}

amqp_table_t table_of(const std::vector<header>& headers, std::vector<amqp_table_entry_t>& entries) {
    entries.clear();
    for (const header& one : headers) {
        amqp_table_entry_t made{};
        made.key = bytes_of(one.name);
        made.value.kind = AMQP_FIELD_KIND_UTF8;
        made.value.value.bytes = bytes_of(one.value);
        entries.push_back(made);
    }
    return {static_cast<int>(entries.size()), entries.data()};
}

amqp_table_entry_t text_entry(const char* name, std::string_view value) noexcept {
    amqp_table_entry_t made = entry(name, AMQP_FIELD_KIND_UTF8);
    made.value.value.bytes = bytes_of(value);
    return made;
}

amqp_table_entry_t flag_entry(const char* name, bool value) noexcept {
    amqp_table_entry_t made = entry(name, AMQP_FIELD_KIND_BOOLEAN);
    made.value.value.boolean = value ? 1 : 0;
    return made;
}

amqp_table_entry_t number_entry(const char* name, std::int64_t value) noexcept {
    amqp_table_entry_t made = entry(name, AMQP_FIELD_KIND_I64);
    made.value.value.i64 = value;
    return made;
}

amqp_table_entry_t table_entry(const char* name, amqp_table_t value) noexcept {
    amqp_table_entry_t made = entry(name, AMQP_FIELD_KIND_TABLE);
    made.value.value.table = value;
    return made;
}

} // namespace outreachd::amqp_connection
