/// AMQP's field tables, and headers as text.
#pragma once

#include "daemon/event/event.hpp"

#include <string_view>
#include <vector>

#include <amqp.h>

namespace outreachd::amqp_connection {

inline std::string_view view_of(const amqp_bytes_t& bytes) noexcept {
    return {static_cast<const char*>(bytes.bytes), bytes.len};
}

/// Borrows `text`; rabbitmq-c reads only what it is given here, though it doesn't promise so by a const.
inline amqp_bytes_t bytes_of(std::string_view text) noexcept {
    return {text.size(), const_cast<char*>(text.data())};
}

/// Texts and bytes as they are, numbers in digits (a timestamp in seconds since 1970), `true` and `false`.
/// Tables, lists, decimals and nulls are left out.
std::vector<header> headers_of(const amqp_table_t& table);

/// The headers as long strings, borrowed; `entries` holds the table, and is used again each time.
amqp_table_t table_of(const std::vector<header>& headers, std::vector<amqp_table_entry_t>& entries);

amqp_table_entry_t text_entry(const char* name, std::string_view value) noexcept;
amqp_table_entry_t flag_entry(const char* name, bool value) noexcept;
amqp_table_entry_t number_entry(const char* name, std::int64_t value) noexcept;
amqp_table_entry_t table_entry(const char* name, amqp_table_t value) noexcept;

} // namespace outreachd::amqp_connection
