#include "daemon/settings/expressions.hpp"

#include "daemon/settings/environment.hpp"
#include "daemon/settings/utf8_check.hpp"
#include "daemon/text/expression_end.hpp"

namespace outreachd::settings {

namespace {

/// A scalar's text with its environment variables replaced.
std::optional<std::string> read_expanded(const value_ref& value, std::string_view wanted) {
    if (value.node.type == yaml_node::kind::null) {
        value.error("has no value; give " + std::string{wanted} + ", or leave the key out");
        return std::nullopt;
    }
    if (value.node.type == yaml_node::kind::map) {
        value.error("should be " + std::string{wanted} +
                    ", and is a map; put quotes around an expression that begins with '{'");
        return std::nullopt;
    }
    if (value.node.type != yaml_node::kind::scalar) {
        value.error("should be " + std::string{wanted} + ", and is " + std::string{kind_of(value.node)});
        return std::nullopt;
    }
    expanded_text expanded = expand_environment(value.node.text);
    if (!expanded.problem.empty()) {
        value.error(expanded.problem);
        return std::nullopt;
    }
    if (expanded.text.empty()) {
        value.error("is empty");
        return std::nullopt;
    }
    return std::move(expanded.text);
}

/// Calls `on_constant` and `on_program` for the parts of `text`, in order. False where a `${{` isn't closed.
template <typename OnConstant, typename OnProgram>
bool for_each_part(std::string_view text, OnConstant on_constant, OnProgram on_program) {
    for (std::size_t at = 0;;) {
        const std::size_t begin = text.find(expression_begin, at);
        on_constant(text.substr(at, begin == std::string_view::npos ? begin : begin - at));
        if (begin == std::string_view::npos)
            return true;
        const std::size_t inside = begin + expression_begin.size();
        const auto end = find_expression_end(text, inside);
        if (!end)
            return false;
        on_program(text.substr(inside, *end - 2 - inside));
        at = *end;
    }
}

} // namespace

bool check_program(const value_ref& value, const std::string& program) {
    const auto problem = value.found.refuse_program(program);
    if (!problem)
        return true;
    // YAML cuts a plain scalar at ' #', and jq then misses the rest.
    const bool may_be_cut =
        !value.node.is_quoted && (problem->find("end of the program") != std::string::npos ||
                                  problem->find("never closed") != std::string::npos);
    value.error(*problem + (may_be_cut ? "; if the rest is missing: in YAML ' #' begins a comment, so put "
                                         "quotes around the expression"
                                       : ""));
    return false;
}

bool check_expressions(const value_ref& value, std::string_view text) {
    bool is_sound = true;
    const bool is_closed = for_each_part(
        text, [](std::string_view) {},
        [&](std::string_view program) {
            const auto problem = value.found.refuse_program(std::string{program});
            is_sound = is_sound && !problem;
            if (problem)
                value.error(in_quotes(std::string{expression_begin}.append(program) + "}}") + ": " +
                            *problem);
        });
    if (!is_closed)
        value.error("'${{' without the '}}' that closes it");
    return is_closed && is_sound;
}

std::optional<std::string> read_template(const value_ref& value, lines allowed) {
    auto text = read_expanded(value, "text");
    if (!text)
        return std::nullopt;
    bool is_clean = true;
    for_each_part(
        *text,
        [&](std::string_view constant) {
            is_clean = is_clean && !find_control_character(constant, allowed == lines::many);
        },
        [](std::string_view) {});
    if (!is_clean) {
        value.error(in_quotes(value.node.text) + (allowed == lines::many
                                                      ? " holds a control character"
                                                      : " holds a control character or a line break"));
        return std::nullopt;
    }
    if (!check_expressions(value, *text))
        return std::nullopt;
    return text;
}

std::optional<std::string> read_program(const value_ref& value) {
    auto program = read_expanded(value, "a jq program");
    if (!program)
        return std::nullopt;
    if (program->starts_with(expression_begin)) {
        value.error("is a jq program as it is; leave out the ${{ and }} around it");
        return std::nullopt;
    }
    if (!check_program(value, *program))
        return std::nullopt;
    return program;
}

} // namespace outreachd::settings
