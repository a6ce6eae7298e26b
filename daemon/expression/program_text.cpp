#include "daemon/expression/program_text.hpp"

#include <algorithm>
#include <vector>

namespace outreachd::expression {

namespace {

struct refused_word {
    std::string_view word;
    std::string_view reason;
};

constexpr std::string_view no_input = "there is no input but the event";
constexpr std::string_view no_end = "a program gives results, and ends nothing";
constexpr std::string_view no_modules = "a program stands by itself, without modules";
constexpr std::string_view no_output = "a program writes nowhere; its results are all that is seen";

constexpr refused_word refused_words[] = {
    {"env", "a program sees the event, not the environment"},
    {"input", no_input},
    {"inputs", no_input},
    {"_input", no_input},
    {"input_filename", no_input},
    {"input_line_number", no_input},
    {"debug", no_output},
    {"stderr", no_output},
    {"halt", no_end},
    {"halt_error", no_end},
    {"import", no_modules},
    {"include", no_modules},
    {"module", no_modules},
    {"modulemeta", no_modules},
    {"get_search_list", no_modules},
    {"get_prog_origin", no_modules},
    {"get_jq_origin", no_modules},
};

constexpr refused_word refused_variables[] = {
    {"ENV", "a program sees the event, not the environment"},
    {"__prog_args", "there are $event, $steps and $item"},
    {"__prog_name", "there are $event, $steps and $item"},
};

bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool continues_word(char c) {
    return begins_word(c) || is_digit(c);
}

/// Walks over the tokens of one program.
class reader {
public:
    explicit reader(std::string_view program) : text_(program) {}

    std::optional<std::string> find_fault() {
        while (at_ < text_.size() && !fault_)
            read_token();
        if (!fault_ && !open_.empty())
            fault_ = describe(open_.back()) +
                     (open_.back().kind == 'i' ? " has no 'end' " : " is never closed ") +
                     place(open_.back().at);
        if (!fault_ && !has_token_)
            fault_ = "the program is empty";
        return fault_;
    }

private:
    /// What is open: a bracket by itself, `"` for a string, `i` for what an `if` began.
    struct opening {
        char kind;
        std::size_t at;
        bool awaits_key = false; ///< Of `{`: the next word is a key.
    };

    std::string place(std::size_t offset) const { return place_in(text_, offset); }

    static std::string describe(const opening& what) {
        if (what.kind == '"')
            return "a string";
        return what.kind == 'i' ? "'if'" : "'" + std::string{what.kind} + "'";
    }

    bool is_in_string() const { return !open_.empty() && open_.back().kind == '"'; }

    void read_token() {
        const char c = text_[at_];
        if (is_in_string()) {
            read_in_string(c);
        } else if (c == '#') {
            // jq 1.6 also ends a comment at CR; what follows a lone one mustn't hide.
            at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
        } else if (c == ' ' || c == '\t' || c == '\n') {
            ++at_;
        } else {
            has_token_ = true;
            read_code(c);
        }
    }

    void read_in_string(char c) {
        if (c == '"') {
            open_.pop_back();
            ++at_;
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            if (text_[at_ + 1] == '(')
                open_.push_back({'(', at_ + 1});
            at_ += 2;
        } else {
            ++at_;
        }
    }

    void read_code(char c) {
        const bool is_key = awaits_key();
        const std::size_t begin = at_;
        if (c == '\0') {
            fault_ = "a NUL byte can't stand in a program " + place(begin);
        } else if (c == '"' || c == '(' || c == '[' || c == '{') {
            set_awaits_key(false);
            open_.push_back({c, at_++, c == '{'});
        } else if (c == ')' || c == ']' || c == '}') {
            close(c);
        } else if (c == ',') {
            set_awaits_key(true);
            ++at_;
        } else if (begins_word(c)) {
            set_awaits_key(false);
            read_word(is_key);
        } else if (c == '$') {
            set_awaits_key(false);
            read_variable();
        } else if (c == '@' || (c == '.' && at_ + 1 < text_.size() && begins_word(text_[at_ + 1]))) {
            set_awaits_key(false);
            ++at_;
            take_word();
        } else if (c == '.' || is_digit(c)) {
            set_awaits_key(false);
            read_number();
        } else {
            set_awaits_key(false);
            ++at_;
        }
    }

    bool awaits_key() const { return !open_.empty() && open_.back().kind == '{' && open_.back().awaits_key; }

    void set_awaits_key(bool awaited) {
        if (!open_.empty() && open_.back().kind == '{')
            open_.back().awaits_key = awaited;
    }

    void close(char c) {
        const char opened = c == ')' ? '(' : c == ']' ? '[' : '{';
        if (open_.empty())
            fault_ = "'" + std::string{c} + "' closes nothing " + place(at_);
        else if (open_.back().kind == opened)
            open_.pop_back();
        else
            fault_ = "'" + std::string{c} + "' doesn't close " + describe(open_.back()) + " " + place(at_);
        ++at_;
    }

    std::string_view take_word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && continues_word(text_[at_]))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }

    void read_word(bool is_key) {
        const std::size_t begin = at_;
        const std::string_view word = take_word();
        if (is_key)
            return;
        if (word == "if")
            open_.push_back({'i', begin});
        else if (word == "end" && !open_.empty() && open_.back().kind == 'i')
            open_.pop_back();
        refuse_among(refused_words, word, "", begin);
    }

    void read_variable() {
        const std::size_t begin = at_++;
        // jq takes white space and comments behind the dollar sign.
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' ||
                                      text_[at_] == '\r' || text_[at_] == '#')) {
            if (text_[at_] == '#')
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            else
                ++at_;
        }
        refuse_among(refused_variables, take_word(), "$", begin);
    }

    /// Also `.` and `..`. What `1e5` ends with is then read as the word `e5`, which harms nobody.
    void read_number() {
        while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.'))
            ++at_;
    }

    template <std::size_t Count>
    void refuse_among(const refused_word (&words)[Count], std::string_view word, std::string_view prefix,
                      std::size_t begin) {
        for (const refused_word& one : words)
            if (one.word == word)
                fault_ = "'" + std::string{prefix} + std::string{word} + "' isn't allowed " + place(begin) +
                         ": " + std::string{one.reason};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<opening> open_;
    bool has_token_ = false;
    std::optional<std::string> fault_;
};

} // namespace

std::optional<std::string> find_fault(std::string_view program) {
    return reader{program}.find_fault();
}

std::string place_in(std::string_view program, std::size_t offset) {
    const std::string_view before = program.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1; // npos + 1 is 0
    const std::string text = "column " + std::to_string(column) + ")";
    if (program.find('\n') == std::string_view::npos)
        return "(" + text;
    return "(line " + std::to_string(line) + ", " + text;
}

} // namespace outreachd::expression
