#include "daemon/settings/yaml_document.hpp"

#include "daemon/settings/utf8_check.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace outreachd::settings {

namespace {

/// A comment put behind the text. The parser takes a quote that is never closed in silence; the text
/// in it then ends with this line, which is how it is found out.
constexpr std::string_view end_marker = "#outreachd: end of the configuration\x1f\n";

position to_position(const YAML::Mark& mark) {
    return {mark.line + 1, mark.column + 1};
}

std::string to_text(position where) {
    return "line " + std::to_string(where.line) + ", column " + std::to_string(where.column);
}

/// The place of the byte at `offset`, or of the end.
position position_at(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1; // npos + 1 is 0
    return {static_cast<int>(line), static_cast<int>(before.size() - line_start) + 1};
}

/// Thrown through the parser by the builder.
struct refused {
    yaml_problem problem;
};

class tree_builder : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1)
            throw refused{{to_position(mark), "a second document begins here, and the file holds one; remove "
                                              "'---', or indent this line to fit what stands above it"}};
    }

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        auto made = begin(yaml_node::kind::null, mark, "");
        // The parser gives the place of what comes next; the key is where the value is missing.
        if (!open_.empty())
            made->where = open_.back().key ? open_.back().key->where : open_.back().node->where;
        add(std::move(made), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw refused{{to_position(mark), "this alias stands inside the value that it refers to"}};
        if (open_.size() + found->second->height > yaml_depth_max)
            throw refused{{to_position(mark), depth_message()}};
        put(found->second, to_position(mark));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        auto made = begin(yaml_node::kind::scalar, mark, tag);
        made->text = value;
        made->is_quoted = tag != "?" && !is_refused(tag);
        if (value.find(end_marker.substr(0, end_marker.size() - 1)) != std::string::npos)
            throw refused{{made->where, "the quote that opens here is never closed"}};
        add(std::move(made), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        open_.push_back({begin(yaml_node::kind::sequence, mark, tag), {}, anchor, style});
    }

    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        open_.push_back({begin(yaml_node::kind::map, mark, tag), {}, anchor, style});
    }

    void OnMapEnd() override { close(); }

    yaml_pointer root() const { return root_; }

    std::vector<yaml_problem> refused_values() { return std::move(refused_); }

    /// Where the innermost bracket that is still open stands.
    std::optional<position> open_bracket() const {
        for (auto at = open_.rbegin(); at != open_.rend(); ++at)
            if (at->style == YAML::EmitterStyle::Flow)
                return at->node->where;
        return std::nullopt;
    }

private:
    struct frame {
        std::shared_ptr<yaml_node> node;
        yaml_pointer key; ///< Of a map: the key whose value comes next.
        YAML::anchor_t anchor;
        YAML::EmitterStyle::value style;
    };

    /// "?" is no tag, "!" a scalar in quotes.
    static bool is_refused(const std::string& tag) {
        return !tag.empty() && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str";
    }

    static std::string depth_message() {
        return "values are nested more than " + std::to_string(yaml_depth_max) + " deep";
    }

    std::shared_ptr<yaml_node> begin(yaml_node::kind type, const YAML::Mark& mark, const std::string& tag) {
        if (is_refused(tag))
            refused_.push_back(
                {to_position(mark), "YAML tags aren't understood here; remove the word with '!'"});
        if (open_.size() >= yaml_depth_max)
            throw refused{{to_position(mark), depth_message()}};
        auto made = std::make_shared<yaml_node>();
        made->type = type;
        made->where = to_position(mark);
        return made;
    }

    void close() {
        frame done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.node), done.anchor);
    }

    void add(std::shared_ptr<yaml_node> made, YAML::anchor_t anchor) {
        const position where = made->where;
        yaml_pointer finished = std::move(made);
        if (anchor != YAML::NullAnchor)
            anchors_[anchor] = finished;
        put(std::move(finished), where);
    }

    void put(yaml_pointer value, position where) {
        if (open_.empty()) {
            root_ = std::move(value);
            return;
        }
        frame& parent = open_.back();
        // Counted with aliases written out: a few lines of them can stand for millions of values.
        parent.node->count += value->count;
        parent.node->height = std::max(parent.node->height, value->height + 1);
        if (parent.node->count > yaml_count_max)
            throw refused{{where, "more than " + std::to_string(yaml_count_max) +
                                      " values with every alias written out"}};
        if (parent.node->type == yaml_node::kind::sequence)
            parent.node->items.push_back(std::move(value));
        else if (!parent.key)
            parent.key = std::move(value);
        else if (is_merge(*parent.key))
            refused_.push_back({std::exchange(parent.key, nullptr)->where,
                                "merge keys ('<<') aren't understood here; write out what they would bring"});
        else
            parent.node->entries.push_back({std::exchange(parent.key, nullptr), std::move(value)});
    }

    static bool is_merge(const yaml_node& key) {
        return key.type == yaml_node::kind::scalar && key.text == "<<" && !key.is_quoted;
    }

    int documents_ = 0;
    std::vector<frame> open_;
    std::unordered_map<YAML::anchor_t, yaml_pointer> anchors_;
    yaml_pointer root_;
    std::vector<yaml_problem> refused_;
};

/// The parser's words, with what usually lies behind them.
std::string explain(const std::string& message, std::optional<position> open_bracket) {
    struct slip {
        std::string_view words;
        std::string_view advice;
    };

    static constexpr slip slips[] = {
        {"illegal map value",
         "a ':' stands where no key can begin: check the indentation, and quote text that holds ': '"},
        {"end of map not found",
         "this line's indentation fits none above it, or text follows a closing quote"},
        {"end of sequence not found",
         "this line's indentation fits none above it, or text follows a closing quote"},
        {"the referenced anchor is not defined", "quote text that begins with '*'"},
        {"alias not found after *", "quote text that begins with '*'"},
        {"anchor not found after &", "quote text that begins with '&'"},
        {"unknown token",
         "quote text that begins with '@', '%' or '`', and between { } or [ ] text that holds '?'"},
        {"illegal flow end", "no bracket is open that this one could close"},
        {"end of sequence flow not found",
         "a ',' or the closing ']' is missing; between [ and ] quote text that holds one of , [ ] { }"},
        {"end of map flow not found",
         "a ',' or the closing '}' is missing; between { and } quote text that holds one of , [ ] { }"},
    };
    for (const slip& one : slips)
        if (message == one.words) {
            std::string text = "not YAML: " + message + " (" + std::string{one.advice};
            if (open_bracket && message.find("flow not found") != std::string::npos)
                text += "; opened at " + to_text(*open_bracket);
            return text + ")";
        }
    return "not YAML: " + message;
}

/// The first tab in the white space that a line of `text` begins with.
std::optional<position> find_indenting_tab(std::string_view text, int line) {
    for (int at = 1; at < line; ++at)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const std::size_t tab = text.find_first_not_of(' ');
    if (tab == std::string_view::npos || text[tab] != '\t')
        return std::nullopt;
    return position{line, static_cast<int>(tab) + 1};
}

/// What the parser stumbled over. It takes a tab for a part of the text, and then complains of something
/// else.
yaml_problem describe(const YAML::Exception& why, std::string_view text,
                      std::optional<position> open_bracket) {
    const position where = to_position(why.mark);
    if (!open_bracket) // between brackets a line begins as it likes
        if (const auto tab = find_indenting_tab(text, where.line))
            return {*tab, "not YAML: a tab indents this line; use spaces"};
    return {where, explain(why.msg, open_bracket)};
}

std::optional<yaml_problem> find_bad_byte(std::string_view text) {
    if (text.size() > yaml_bytes_max)
        return yaml_problem{{}, "the file is over " + std::to_string(yaml_bytes_max) + " bytes"};
    if (const auto at = find_invalid_utf8(text))
        return yaml_problem{position_at(text, *at), "this byte isn't UTF-8; save the file as UTF-8"};
    // NUL bytes would also make the parser take the text for UTF-16.
    if (const auto at = find_control_character(text, true)) {
        char code[8];
        std::snprintf(code, sizeof code, "0x%02X", static_cast<unsigned>(text[*at]));
        return yaml_problem{position_at(text, *at), std::string{"a control character ("} + code +
                                                        ") can't stand in YAML; write it as an escape"};
    }
    return std::nullopt;
}

} // namespace

yaml_document parse_yaml(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) // a byte order mark, which some editors leave
        text.remove_prefix(3);
    if (auto bad = find_bad_byte(text))
        return {nullptr, std::move(bad), {}};

    std::string marked{text};
    if (!marked.ends_with('\n'))
        marked += '\n';
    marked += end_marker;
    std::istringstream input{marked};
    tree_builder builder;
    yaml_problem problem;
    try {
        YAML::Parser parser{input};
        while (parser.HandleNextDocument(builder)) {
        }
        return {builder.root(), std::nullopt, builder.refused_values()};
    } catch (const refused& why) {
        problem = why.problem;
    } catch (const YAML::Exception& why) {
        problem = describe(why, text, builder.open_bracket());
    } catch (const std::exception& why) {
        problem = {{}, std::string{"not YAML: "} + why.what()};
    }
    // What goes wrong at the marker went wrong at the end of the text.
    problem.where = std::min(problem.where, position_at(text, text.size()));
    return {nullptr, std::move(problem), builder.refused_values()};
}

} // namespace outreachd::settings
