#include "daemon/expression/result_text.hpp"

#include "daemon/text/percent_encode.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace outreachd::expression {

namespace {

/// A string as it is, anything else as JSON.
std::string plain_text(std::string_view json) {
    if (!json.starts_with('"'))
        return std::string{json};
    boost::system::error_code ec;
    const boost::json::value parsed =
        boost::json::parse(boost::json::string_view{json.data(), json.size()}, ec);
    const boost::json::string* const text = ec ? nullptr : parsed.if_string();
    return text == nullptr ? std::string{json} : std::string{text->data(), text->size()};
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

written refuse(std::string_view why) {
    return {{}, std::string{why}};
}

written write_for_url(std::string text, bool is_whole) {
    if (!is_whole)
        return {percent_encode(text), {}};
    if (text.empty())
        return refuse("gives an empty text, which is no URL");
    if (std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) || c == ' '; }))
        return refuse("gives white space or a control character, which can't stand in a URL");
    return {std::move(text), {}};
}

} // namespace

written write_result(std::string_view json, place where, bool is_whole) {
    if (json == "null" && (where == place::url || where == place::header))
        return refuse(where == place::url ? "gives null, which can't stand in a URL"
                                          : "gives null, which can't stand in a header");
    std::string text = plain_text(json);
    switch (where) {
    case place::url:
        return write_for_url(std::move(text), is_whole);
    case place::header:
        if (std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; }))
            return refuse("gives a line break or another control character, which can't stand in a header");
        break;
    case place::argument:
        if (text.find('\0') != std::string::npos)
            return refuse("gives a NUL character, which can't stand in an argument");
        break;
    case place::text:
        break;
    }
    return {std::move(text), {}};
}

std::string escape_into_json(std::string_view json) {
    // A string's inside is escaped already.
    if (json.size() >= 2 && json.starts_with('"'))
        return std::string{json.substr(1, json.size() - 2)};
    const std::string quoted = boost::json::serialize(boost::json::string_view{json.data(), json.size()});
    return quoted.substr(1, quoted.size() - 2);
}

} // namespace outreachd::expression
