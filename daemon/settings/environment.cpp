#include "daemon/settings/environment.hpp"

#include "daemon/text/expression_end.hpp"

#include <algorithm>
#include <cstdlib>

namespace outreachd::settings {

namespace {

bool is_name_character(char c, bool is_first) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return is_letter || (!is_first && c >= '0' && c <= '9');
}

/// Appends the value of `reference`, what stands between `${` and `}`. False with a problem set.
bool append_variable(expanded_text& into, std::string_view reference) {
    const std::size_t split = reference.find(":-");
    const std::string name{reference.substr(0, split)};
    if (!is_variable_name(name)) {
        into.problem = "'${' begins an environment variable, ${NAME} or ${NAME:-default}; what follows is no "
                       "name; write $$ for a dollar sign";
        return false;
    }
    // It would end at the first '}', and what is behind that would be text.
    if (split != std::string_view::npos && reference.substr(split).find("${") != std::string_view::npos) {
        into.problem = "a default can't hold another ${NAME}: it ends at the first '}'";
        return false;
    }
    into.has_reference = true;
    const char* const value = std::getenv(name.c_str());
    if (split == std::string_view::npos) {
        if (value == nullptr) {
            into.problem = "the environment variable " + name +
                           " is not set; set it, or give a default as ${" + name + ":-default}";
            return false;
        }
        into.text += value;
        into.has_variable = true;
    } else if (value != nullptr && *value != '\0') {
        into.text += value;
        into.has_variable = true;
    } else
        into.text += reference.substr(split + 2);
    return true;
}

} // namespace

bool is_variable_name(std::string_view text) noexcept {
    if (text.empty() || !is_name_character(text.front(), true))
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return is_name_character(c, false); });
}

expanded_text expand_environment(std::string_view text) {
    expanded_text result;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("${{")) {
            const auto end = find_expression_end(text, at + 3);
            if (!end) {
                result.problem = "'${{' without the '}}' that closes it";
                return result;
            }
            result.text += text.substr(at, *end - at);
            result.has_expression = true;
            at = *end;
        } else if (rest.starts_with("$$") && !rest.substr(1).starts_with("${{")) {
            // Not where the second dollar begins an expression: that is cut out before anything else.
            result.text += '$';
            at += 2;
        } else if (rest.starts_with("${")) {
            const std::size_t close = rest.find('}');
            if (close == std::string_view::npos) {
                result.problem = "'${' without the '}' that closes it; write $$ for a dollar sign";
                return result;
            }
            if (!append_variable(result, rest.substr(2, close - 2)))
                return result;
            at += close + 1;
        } else {
            result.text += rest.front();
            ++at;
        }
    }
    return result;
}

} // namespace outreachd::settings
