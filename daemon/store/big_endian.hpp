/// Numbers as SQLite's files have them: the most significant byte first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace outreachd::store {

inline std::uint32_t read_big_endian(std::string_view from, std::size_t at, std::size_t bytes = 4) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
        value = value << 8 | static_cast<unsigned char>(from.at(at + i));
    return value;
}

inline void write_big_endian(std::string& into, std::size_t at, std::uint32_t value, std::size_t bytes = 4) {
    for (std::size_t i = 0; i < bytes; ++i)
        into.at(at + i) = static_cast<char>(value >> (8 * (bytes - 1 - i)));
}

} // namespace outreachd::store
