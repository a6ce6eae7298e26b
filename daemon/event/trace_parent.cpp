#include "daemon/event/trace_parent.hpp"

#include "daemon/text/hex_digit.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>

namespace outreachd {

namespace {

// version-trace-parent-flags: where each begins, in digits.
constexpr std::size_t trace_at = 3;
constexpr std::size_t trace_digits = 32;
constexpr std::size_t span_at = 36;
constexpr std::size_t span_digits = 16;
constexpr std::size_t flags_at = 53;

std::uint64_t make_span_id() {
    thread_local std::mt19937_64 generator{[] {
        std::random_device device;
        return (std::uint64_t{device()} << 32U) | device();
    }()};
    // All zeros is no span (Trace Context 3.2.2.4).
    return std::uniform_int_distribution<std::uint64_t>{1}(generator);
}

/// Capitals are not allowed (3.2.2).
bool is_lower_hex(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_all_zeros(std::string_view text) noexcept {
    return text.find_first_not_of('0') == std::string_view::npos;
}

const std::string* given_trace_parent(const event& subject) noexcept {
    const auto found = std::ranges::find(subject.headers, trace_parent_name, &header::name);
    return found == subject.headers.end() || !is_trace_parent(found->value) ? nullptr : &found->value;
}

} // namespace

bool is_trace_parent(std::string_view value) noexcept {
    if (value.size() < trace_parent_size || value[trace_at - 1] != '-' || value[span_at - 1] != '-' ||
        value[flags_at - 1] != '-')
        return false;
    const std::string_view version = value.substr(0, 2);
    const std::string_view trace = value.substr(trace_at, trace_digits);
    const std::string_view span = value.substr(span_at, span_digits);
    if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(span) ||
        !is_lower_hex(value.substr(flags_at, 2)))
        return false;
    if (version == "ff" || is_all_zeros(trace) || is_all_zeros(span))
        return false;
    return value.size() == trace_parent_size || (version != "00" && value[trace_parent_size] == '-');
}

std::string trace_id_of(const event& subject) {
    if (const std::string* const given = given_trace_parent(subject))
        return given->substr(trace_at, trace_digits);
    std::string trace = outreachd::to_string(subject.id);
    std::erase(trace, '-');
    return trace;
}

std::string make_trace_parent(const event& subject) {
    const std::string* const given = given_trace_parent(subject);
    const bool is_sampled = given == nullptr || (hex_digit((*given)[flags_at + 1]).value_or(0) & 1U) != 0;
    char span[span_digits + 1];
    std::snprintf(span, sizeof span, "%016llx", static_cast<unsigned long long>(make_span_id()));
    return "00-" + trace_id_of(subject) + "-" + span + (is_sampled ? "-01" : "-00");
}

} // namespace outreachd
