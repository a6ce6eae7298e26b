#include "daemon/expression/form.hpp"

#include "daemon/expression/jq_messages.hpp"
#include "daemon/expression/result_text.hpp"
#include "daemon/expression/url_path.hpp"
#include "daemon/text/expression_end.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <stdexcept>

namespace outreachd::expression {

namespace {

/// Deeper than any configuration: YAML ends at 64.
constexpr std::size_t json_depth_max = 256;

/// Of a text of the configuration.
struct part {
    std::string text; ///< As it stands, or a program.
    bool is_program = false;
};

std::vector<part> cut(std::string_view source) {
    std::vector<part> result;
    for (std::size_t at = 0; at < source.size();) {
        const std::size_t begin = std::min(source.find(expression_begin, at), source.size());
        if (begin > at)
            result.push_back({std::string{source.substr(at, begin - at)}, false});
        if (begin == source.size())
            break;
        const std::size_t inside = begin + expression_begin.size();
        const auto end = find_expression_end(source, inside);
        if (!end)
            throw std::invalid_argument("'${{' without the '}}' that closes it");
        result.push_back({std::string{source.substr(inside, *end - 2 - inside)}, true});
        at = *end;
    }
    return result;
}

/// The end of the JSON string that begins at `begin`, behind its quote; the document is valid.
std::size_t string_end(std::string_view json, std::size_t begin) {
    std::size_t at = begin + 1;
    while (json[at] != '"')
        at += json[at] == '\\' ? 2U : 1U;
    return at + 1;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_key(std::string_view json, std::size_t behind_string) {
    const std::size_t next = json.find_first_not_of(" \t\r\n", behind_string);
    return next != std::string_view::npos && json[next] == ':';
}

std::string json_text(std::string_view quoted) {
    const boost::json::value text =
        boost::json::parse(boost::json::string_view{quoted.data(), quoted.size()});
    return {text.as_string().data(), text.as_string().size()};
}

/// `text` as it stands between the quotes of a JSON string.
std::string json_inside(std::string_view text) {
    const std::string quoted = boost::json::serialize(boost::json::string_view{text.data(), text.size()});
    return quoted.substr(1, quoted.size() - 2);
}

/// An expression as messages show it: on one line, not too long.
std::string expression_text(std::string_view program) {
    constexpr std::size_t bytes_max = 80;
    const std::string line = on_one_line(program);
    const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    const auto cut_at =
        std::find_if(line.begin() + static_cast<std::ptrdiff_t>(std::min(bytes_max, line.size())), line.end(),
                     begins_character);
    return "${{" + std::string{line.begin(), cut_at} + (cut_at == line.end() ? "}}" : "…}}");
}

/// Why an answer can't be filled in: exactly one result is wanted.
std::string problem_of(const answer& given) {
    if (!given.problem.empty())
        return given.problem;
    if (given.results.empty())
        return "gives no result, and one is needed";
    if (given.results.size() > 1)
        return "gives " + std::to_string(given.results.size()) + " results, and one is needed";
    return {};
}

} // namespace

struct form::field {
    enum class kind { constant, result, json_value, json_inside };

    struct piece {
        kind how = kind::constant;
        std::string text;        ///< Of a constant.
        std::size_t program = 0; ///< Of anything else: its number.
    };

    std::string name;
    place where = place::text;
    std::vector<piece> pieces;

    void add_constant(std::string_view text) {
        if (pieces.empty() || pieces.back().how != kind::constant)
            pieces.push_back({});
        pieces.back().text += text;
    }

    void add_program(kind how, std::size_t number) { pieces.push_back({how, {}, number}); }

    written write(const piece& one, std::string_view json) const {
        switch (one.how) {
        case kind::json_value:
            return {std::string{json}, {}};
        case kind::json_inside:
            return {escape_into_json(json), {}};
        case kind::constant:
        case kind::result:
            break;
        }
        return write_result(json, where, pieces.size() == 1);
    }
};

form::form() = default;
form::~form() = default;
form::form(form&&) noexcept = default;
form& form::operator=(form&&) noexcept = default;

/// A program that stands in several texts runs once.
std::size_t form::number_of(std::string program) {
    const auto known = std::find(programs_.begin(), programs_.end(), program);
    const auto number = static_cast<std::size_t>(known - programs_.begin());
    if (known == programs_.end())
        programs_.push_back(std::move(program));
    return number;
}

std::size_t form::add(std::string name, std::string_view source, place where) {
    field made{std::move(name), where, {}};
    for (part& one : cut(source)) {
        if (one.is_program)
            made.add_program(field::kind::result, number_of(std::move(one.text)));
        else
            made.add_constant(one.text);
    }
    fields_.push_back(std::move(made));
    return fields_.size() - 1;
}

/// What isn't an expression keeps the bytes it had, digits of numbers included: the document is checked as
/// a tree, and then read as text.
std::size_t form::add_json(std::string name, std::string_view json) {
    boost::json::parse_options options;
    options.max_depth = json_depth_max;
    boost::system::error_code ec;
    boost::json::parse(boost::json::string_view{json.data(), json.size()}, ec, {}, options);
    if (ec)
        throw std::invalid_argument("not JSON: " + ec.message());
    field made{std::move(name), place::text, {}};
    for (std::size_t at = 0; at < json.size();) {
        std::size_t end = at + 1;
        if (json[at] == '"') {
            end = string_end(json, at);
            add_string(made, json.substr(at, end - at), is_key(json, end));
        } else if (!is_space(json[at])) {
            made.add_constant(json.substr(at, 1));
        }
        at = end;
    }
    fields_.push_back(std::move(made));
    return fields_.size() - 1;
}

void form::add_string(field& to, std::string_view quoted, bool is_key) {
    std::vector<part> inside = cut(json_text(quoted));
    const auto is_program = [](const part& one) { return one.is_program; };
    if (std::none_of(inside.begin(), inside.end(), is_program)) {
        to.add_constant(quoted);
        return;
    }
    if (is_key)
        throw std::invalid_argument("an expression can't be the key of an object");
    if (inside.size() == 1) {
        to.add_program(field::kind::json_value, number_of(std::move(inside.front().text)));
        return;
    }
    to.add_constant("\"");
    for (part& one : inside) {
        if (one.is_program)
            to.add_program(field::kind::json_inside, number_of(std::move(one.text)));
        else
            to.add_constant(json_inside(one.text));
    }
    to.add_constant("\"");
}

filled form::fill(engine& with, const view& what) const {
    const std::vector<answer> answers = with.run(programs_, what);
    filled result;
    for (const field& one : fields_) {
        std::string text;
        std::vector<text_range> ranges;
        for (const field::piece& piece : one.pieces) {
            if (piece.how == field::kind::constant) {
                text += piece.text;
                continue;
            }
            const answer& given = answers[piece.program];
            written now;
            now.problem = problem_of(given);
            if (now.problem.empty())
                now = one.write(piece, given.results.front());
            if (!now.problem.empty())
                return {{},
                        one.name + ": " + expression_text(programs_[piece.program]) + ": " + now.problem,
                        given.is_transient};
            ranges.push_back({text.size(), text.size() + now.text.size()});
            text += now.text;
        }
        if (one.where == place::url && one.pieces.size() > 1)
            if (const auto fault = find_path_fault(text, ranges))
                return {{}, one.name + ": " + *fault, false};
        result.texts.push_back(std::move(text));
    }
    return result;
}

} // namespace outreachd::expression
