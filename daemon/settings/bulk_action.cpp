#include "daemon/settings/bulk_action.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace outreachd::settings {

namespace {

/// The byte that `%61` at the beginning of a text stands for; nothing where there is none.
bool read_escape(std::string_view text, char& into) {
    constexpr std::size_t length = 3;
    if (text.size() < length || text[0] != '%')
        return false;
    unsigned byte = 0;
    const auto [end, ec] = std::from_chars(text.data() + 1, text.data() + length, byte, 16);
    if (ec != std::errc{} || end != text.data() + length)
        return false;
    into = static_cast<char>(byte);
    return true;
}

} // namespace

bool is_bulk_action(std::string_view target) {
    std::string_view path = target.substr(0, std::min(target.find_first_of("?#"), target.size()));
    std::string plain = "/"; // a path below the API's may come without
    while (!path.empty()) {
        char next = path.front();
        path.remove_prefix(read_escape(path, next) ? 3 : 1);
        if (next != '/' || plain.back() != '/')
            plain += next;
    }
    return plain.find("/batches/actions/") != std::string::npos;
}

} // namespace outreachd::settings
