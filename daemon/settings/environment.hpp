/// Environment variables in the configuration's text.
#pragma once

#include <string>
#include <string_view>

namespace outreachd::settings {

struct expanded_text {
    std::string text;
    bool has_reference = false;  ///< There was a `${NAME}` or `${NAME:-default}`.
    bool has_variable = false;   ///< A value came from the environment, not from a default.
    bool has_expression = false; ///< There is a `${{ … }}`, which is left as it is.
    std::string problem;         ///< Why it can't be expanded; `text` is of no use then.
};

/// Replaces `${NAME}`, `${NAME:-default}` (also where the variable is empty, as in a shell; the
/// default ends at the next `}`) and `$$`, a dollar sign. `${{ … }}` is cut out first and nothing
/// inside it is touched. Any other `$` stays, as in jq's `$event`. Never quotes `text` in the
/// problem, since it may be a secret.
expanded_text expand_environment(std::string_view text);

/// Letters, digits and `_`, no digit first.
bool is_variable_name(std::string_view text) noexcept;

} // namespace outreachd::settings
