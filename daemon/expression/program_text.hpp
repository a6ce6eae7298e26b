/// What can be said of a jq program by its words alone, before jq sees it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outreachd::expression {

/// Why a program isn't used: a word that isn't allowed (`env`, `$ENV`, `input`, `halt`, `import`, ...), a
/// bracket or string that isn't closed, or one that closes what the program didn't open. Nothing where jq
/// shall judge. Fields (`.env`), keys of objects (`{env: 1}`) and text are no words. Read as jq 1.6 does.
std::optional<std::string> find_fault(std::string_view program);

/// `(column 5)`, or `(line 2, column 5)` in a program of several lines; counted from 1, columns in bytes.
std::string place_in(std::string_view program, std::size_t offset);

} // namespace outreachd::expression
