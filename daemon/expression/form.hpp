/// Texts with `${{ EXPR }}` in them, filled in for one event (config/reference.md, expressions).
#pragma once

#include "daemon/expression/engine.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::expression {

/// What a filled-in text is for, which decides how results are written into it.
enum class place {
    text,     ///< A string as it is, anything else as JSON.
    url,      ///< Percent-encoded, unless the expression is the whole text; null is a problem.
    header,   ///< Control characters but the tab are a problem, and so is null.
    argument, ///< Of a program: NUL is a problem.
};

struct filled {
    std::vector<std::string> texts; ///< By the numbers that `add` gave.
    std::string problem;            ///< Which text, and why. Empty: `texts` hold.
    bool is_transient = false;      ///< With a problem: a later attempt can help (see `answer`).
};

/// All texts of one handler, so that an event's are filled in with one round trip to the engine.
/// Made once; then thread-safe.
class form {
public:
    form();
    ~form();
    form(form&&) noexcept;
    form& operator=(form&&) noexcept;

    /// The text's number. `name` is what messages call it: `url`, `headers.X-Account`. Throws
    /// std::invalid_argument where a `${{` isn't closed. A URL whose path would have an empty segment, or
    /// one of dots, by what is filled in is a problem: it would be another path.
    std::size_t add(std::string name, std::string_view source, place where);
    /// A JSON document whose strings may hold `${{ }}`; one that is nothing but an expression keeps the
    /// result's JSON type. Filled in as compact JSON. Throws std::invalid_argument where it isn't JSON.
    std::size_t add_json(std::string name, std::string_view json);

    /// Without an expression in any of its texts nothing is run.
    filled fill(engine& with, const view& what) const;

private:
    struct field;

    std::size_t number_of(std::string program);
    void add_string(field& to, std::string_view quoted, bool is_key);

    std::vector<field> fields_;
    std::vector<std::string> programs_; ///< Of all texts, each once.
};

} // namespace outreachd::expression
