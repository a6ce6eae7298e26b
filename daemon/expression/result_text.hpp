/// How a program's result is written into the text around it. Pure.
#pragma once

#include "daemon/expression/form.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace outreachd::expression {

/// What a result becomes, or why it can't stand there.
struct written {
    std::string text;
    std::string problem;
};

/// `json` is one result as compact JSON. `is_whole`: there is nothing around it.
written write_result(std::string_view json, place where, bool is_whole);

/// The inside of a JSON string: a string's characters, anything else as JSON, escaped.
std::string escape_into_json(std::string_view json);

} // namespace outreachd::expression
