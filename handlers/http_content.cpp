#include "handlers/http_content.hpp"

#include "daemon/text/expression_end.hpp"
#include "handlers/cloud_event.hpp"
#include "handlers/json_compact.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace outreachd::handlers {

namespace {

constexpr const char* json_type = "application/json";
constexpr const char* text_type = "text/plain; charset=utf-8";

bool is_whole_expression(std::string_view text) {
    return text.starts_with(expression_begin) &&
           find_expression_end(text, expression_begin.size()) == text.size();
}

/// A text that is an object or a list. A number or a word alone could as well be meant as text.
bool is_json_document(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    return begin != std::string_view::npos && (text[begin] == '{' || text[begin] == '[') && is_json(text);
}

/// An expression that gives a string gives the text itself, and not its quotes.
http_content make_value(const std::string& json) {
    if (json.starts_with('"'))
        return {text_type, std::string{boost::json::parse(json).as_string()}, nullptr};
    return {json_type, json, nullptr};
}

} // namespace

http_content_form::http_content_form(const settings::http_handler& configured, expression::form& texts) {
    const bool carries_nothing = configured.method == "GET" || configured.method == "DELETE";
    kind_ = carries_nothing ? kind::nothing : kind::received;
    if (configured.format == settings::http_format::cloudevents)
        kind_ = kind::cloud_event;
    if (!configured.body)
        return;
    const settings::http_body& body = *configured.body;
    if (body.is_json) {
        kind_ = kind::json;
        body_ = texts.add_json("body", body.text);
    } else if (is_whole_expression(body.text)) {
        kind_ = kind::value;
        body_ = texts.add_json("body", boost::json::serialize(body.text));
    } else {
        kind_ = kind::text;
        body_ = texts.add("body", body.text, expression::place::text);
    }
}

http_content http_content_form::make(const event& subject, const expression::filled& filled) const {
    switch (kind_) {
    case kind::nothing:
        return {};
    case kind::received:
        return {subject.content_type, std::nullopt, &subject.body};
    case kind::cloud_event:
        return {cloud_event_content_type, cloud_event(subject), nullptr};
    case kind::json:
        return {json_type, filled.texts[body_], nullptr};
    case kind::value:
        return make_value(filled.texts[body_]);
    case kind::text:
        break;
    }
    const std::string& text = filled.texts[body_];
    return {text.empty() ? "" : is_json_document(text) ? json_type : text_type, text, nullptr};
}

std::optional<std::string_view> http_content::bytes() const noexcept {
    if (received != nullptr)
        return std::string_view{*received};
    return made ? std::optional<std::string_view>{*made} : std::nullopt;
}

} // namespace outreachd::handlers
