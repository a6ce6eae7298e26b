#include "daemon/settings/findings.hpp"

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace outreachd::settings {

namespace {

problem make_problem(const std::string& key, position where, std::string_view message, bool is_secret) {
    std::string text = key.empty() ? std::string{} : key + ": ";
    text += message;
    return {where.line, where.column, std::move(text), is_secret};
}

std::vector<problem> in_order(std::vector<problem> found) {
    std::stable_sort(found.begin(), found.end(), [](const problem& left, const problem& right) {
        return std::tie(left.line, left.column) < std::tie(right.line, right.column);
    });
    const auto is_same = [](const problem& left, const problem& right) {
        return std::tie(left.line, left.column, left.message) ==
               std::tie(right.line, right.column, right.message);
    };
    found.erase(std::unique(found.begin(), found.end(), is_same), found.end());
    return found;
}

/// The key of the section around: `a.b[0].c`, `a.b[0]`, `a.b`, `a`, "".
std::string_view parent_of(std::string_view key) {
    const std::size_t end = key.find_last_of(".[");
    return end == std::string_view::npos ? std::string_view{} : key.substr(0, end);
}

} // namespace

std::string in_quotes(std::string_view text) {
    constexpr std::size_t bytes_max = 60;
    std::string shown = "'";
    std::size_t taken = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool begins_character = (byte & 0xC0U) != 0x80U;
        if (taken >= bytes_max && begins_character)
            return shown + "…'";
        ++taken;
        if (byte >= 0x20 && byte != 0x7F) {
            shown += c;
            continue;
        }
        char code[8];
        std::snprintf(code, sizeof code, "\\x%02X", static_cast<unsigned>(byte));
        shown += code;
    }
    return shown + "'";
}

void findings::error(const std::string& key, position where, std::string_view message) {
    broken_.insert(key);
    if (!refused_.contains(where))
        errors_.push_back(make_problem(key, where, message, false));
}

void findings::refused(const yaml_problem& what) {
    errors_.push_back(make_problem("", what.where, what.message, false));
    refused_.insert(what.where);
}

void findings::unreadable_secret(const std::string& key, position where, std::string_view message) {
    broken_.insert(key);
    errors_.push_back(make_problem(key, where, message, true));
}

void findings::warning(const std::string& key, position where, std::string_view message) {
    warnings_.push_back(make_problem(key, where, message, false));
}

position findings::where(std::string_view key) const {
    for (;;) {
        if (const auto found = places_.find(key); found != places_.end())
            return found->second;
        if (key.empty())
            return {1, 1};
        key = parent_of(key);
    }
}

bool findings::is_sound(const std::string& key) const {
    if (broken_.contains(key))
        return false;
    for (const char separator : {'.', '['}) {
        const std::string below = key + separator;
        const auto next = broken_.lower_bound(below);
        if (next != broken_.end() && next->starts_with(below))
            return false;
    }
    return true;
}

std::vector<problem> findings::errors() const {
    return in_order(errors_);
}

std::vector<problem> findings::warnings() const {
    return in_order(warnings_);
}

} // namespace outreachd::settings
