/// Structured log lines: a constant message, then `key=value`.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace outreachd::log {

enum class level { debug, info, warn, error };
enum class format { text, json };

std::optional<level> parse_level(std::string_view name) noexcept;

/// One `key=value` of a line. Text from outside may be given as it is: the logger escapes control
/// characters and cuts values at 256 bytes. Never a body, secret, signature or token.
struct field {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    field(std::string_view k, std::string_view v) : key(k), value(v) {}

    field(std::string_view k, const std::string& v) : key(k), value(std::string_view{v}) {}

    field(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}

    field(std::string_view k, bool v) : key(k), value(v) {}

    field(std::string_view k, std::integral auto v) : key(k), value(static_cast<std::int64_t>(v)) {}

    field(std::string_view k, std::floating_point auto v) : key(k), value(static_cast<double>(v)) {}
};

/// Writes lines to stderr from a thread of its own, so that a stalled reader never stops a caller. Where
/// stderr is systemd's journal, each goes to its socket instead, as an entry with the line's fields
/// (journal_entry.hpp); one that can't be sent there is a line at stderr after all.
///
/// Thread-safe. At most 8,192 lines wait; when full the oldest is dropped and counted. Lives as long
/// as everything that logs; the destructor writes what waits.
class logger {
public:
    /// `journal_socket` is where systemd's journal takes entries; another one is for tests.
    logger(level minimum, format layout, std::string journal_socket = "/run/systemd/journal/socket");
    ~logger();
    logger(const logger&) = delete;
    logger& operator=(const logger&) = delete;

    void set_level(level minimum) noexcept;
    bool is_enabled(level at) const noexcept;
    /// Lines dropped because nobody read them, neither the journal nor stderr.
    std::uint64_t dropped() const noexcept;

    /// Blocks until what waits is written, for some two seconds at most: before the process is left by _Exit.
    /// What comes later may be lost.
    void finish();

    void write(level at, std::string_view message, std::initializer_list<field> fields = {});

    void debug(std::string_view message, std::initializer_list<field> fields = {}) {
        write(level::debug, message, fields);
    }

    void info(std::string_view message, std::initializer_list<field> fields = {}) {
        write(level::info, message, fields);
    }

    void warn(std::string_view message, std::initializer_list<field> fields = {}) {
        write(level::warn, message, fields);
    }

    void error(std::string_view message, std::initializer_list<field> fields = {}) {
        write(level::error, message, fields);
    }

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd::log
