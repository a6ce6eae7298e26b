#include "daemon/text/expression_end.hpp"

#include <vector>

namespace outreachd {

std::optional<std::size_t> find_expression_end(std::string_view text, std::size_t begin) {
    // What is open: '{', '(' and '"'. The bottom is the expression itself.
    std::vector<char> open;
    for (std::size_t at = begin; at < text.size(); ++at) {
        const char c = text[at];
        if (!open.empty() && open.back() == '"') {
            if (c == '"')
                open.pop_back();
            else if (c == '\\' && ++at < text.size() && text[at] == '(')
                open.push_back('(');
            continue;
        }
        if (c == '"' || c == '{' || c == '(')
            open.push_back(c);
        else if (c == ')' && !open.empty() && open.back() == '(')
            open.pop_back();
        else if (c == '}') {
            if (open.empty())
                return text.substr(at).starts_with("}}") ? std::optional{at + 2} : std::nullopt;
            if (open.back() != '{')
                return std::nullopt;
            open.pop_back();
        }
    }
    return std::nullopt;
}

} // namespace outreachd
