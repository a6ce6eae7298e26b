#include "daemon/expression/jq_messages.hpp"

#include "daemon/expression/program_text.hpp"

#include <charconv>

namespace outreachd::expression {

namespace {

/// The line break keeps a comment at the program's end from swallowing the bracket; with the one in front
/// the program's lines are whole lines of jq's.
constexpr std::string_view wrapper_begin =
    ".event as $event | .steps as $steps | .item as $item | .body | (\n";
constexpr std::string_view wrapper_end = "\n)";
constexpr std::size_t wrapper_lines = 1;

constexpr std::size_t message_bytes_max = 1000;

void remove(std::string& from, std::string_view what) {
    if (const std::size_t at = from.find(what); at != std::string::npos)
        from.erase(at, what.size());
}

void replace(std::string& in, std::string_view what, std::string_view by) {
    if (const std::size_t at = in.find(what); at != std::string::npos)
        in.replace(at, what.size(), by);
}

/// The offset at which line `number` begins, counted from 0; the size where there are fewer lines.
std::size_t line_begin(std::string_view text, std::size_t number) {
    std::size_t at = 0;
    for (; number > 0; --number) {
        const std::size_t end = text.find('\n', at);
        if (end == std::string_view::npos)
            return text.size();
        at = end + 1;
    }
    return at;
}

/// `said` is `jq: error: WORDS at <top-level>, line N:\nLINE` and as many spaces as stand before the place
/// in that line (jq 1.6; others may say it otherwise, and are then quoted as they are).
std::string explain_one(std::string said, std::string_view program) {
    remove(said, "jq: error: ");
    remove(said, " (Unix shell quoting issues?)");
    replace(said, "unexpected $end", "unexpected end of the program");
    constexpr std::string_view where = " at <top-level>, line ";
    const std::size_t at = said.find(where);
    if (at == std::string::npos)
        return on_one_line(said);
    std::size_t number = 0;
    const char* const digits = said.data() + at + where.size();
    const auto [rest, error] = std::from_chars(digits, said.data() + said.size(), number);
    std::string words = said.substr(0, at);
    if (error != std::errc{} || number <= wrapper_lines)
        return on_one_line(words);
    const std::size_t begin = line_begin(program, number - wrapper_lines - 1);
    const bool is_behind = begin == program.size() && number > wrapper_lines + 1;
    if (is_behind) {
        // jq stands at the bracket that isn't the operator's.
        replace(words, "unexpected ')'", "unexpected end of the program");
        replace(words, "unexpected INVALID_CHARACTER", "unexpected end of the program");
        return on_one_line(words);
    }
    const std::size_t end = std::min(program.find('\n', begin), program.size());
    const std::size_t shown = static_cast<std::size_t>(rest - said.data()) + 2; // behind ":\n"
    const std::size_t length = said.size() - std::min(shown, said.size());
    const std::size_t spaces = length - std::min(length, end - begin);
    return on_one_line(words) + " " + place_in(program, begin + std::min(spaces, end - begin));
}

} // namespace

std::string wrap(std::string_view program) {
    return std::string{wrapper_begin}.append(program).append(wrapper_end);
}

std::string explain(std::span<const std::string> said, std::string_view program) {
    std::string text;
    for (const std::string& one : said) {
        const bool is_count = one.find(" compile error") != std::string::npos && one.find('\n') == one.npos;
        if (is_count)
            continue;
        text += (text.empty() ? "jq: " : "; ") + explain_one(one, program);
    }
    return text.empty() ? "jq: the program doesn't compile" : on_one_line(text);
}

std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (line.size() >= message_bytes_max && (byte & 0xC0U) != 0x80U)
            return line + "…";
        line += byte < 0x20 || byte == 0x7F ? ' ' : c;
    }
    return line;
}

} // namespace outreachd::expression
