/// Writes JSON text, whatever bytes the strings hold.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::admin {

/// Builds one JSON value from front to back; the caller keeps begins and ends in step.
///
/// Strings may hold any bytes: what isn't UTF-8 becomes U+FFFD, so that the result always is.
class json_writer {
public:
    void begin_object() { open('{'); }

    void end_object() { close('}'); }

    void begin_array() { open('['); }

    void end_array() { close(']'); }

    /// The next value's name in an object.
    void key(std::string_view name);

    void value(std::string_view text);

    void value(const std::string& text) { value(std::string_view{text}); }

    void value(const char* text) { value(std::string_view{text}); }

    void value(std::uint64_t number);

    void value(std::uint32_t number) { value(std::uint64_t{number}); }

    void value(double number); ///< With at most six digits behind the point.
    void value(bool fact);
    void null();

    template <typename Value>
    void member(std::string_view name, const Value& what) {
        key(name);
        value(what);
    }

    /// Null where the text is empty.
    void member_or_null(std::string_view name, std::string_view text);
    /// RFC 3339; null where there is no time.
    void time_or_null(std::string_view name, const std::optional<wall_time>& time);

    void member(std::string_view name, const std::vector<std::string>& list);

    std::string take() && { return std::move(text_); }

private:
    void open(char bracket);
    void close(char bracket);
    void begin_value();

    std::string text_;
    bool needs_comma_ = false;
};

} // namespace outreachd::admin
