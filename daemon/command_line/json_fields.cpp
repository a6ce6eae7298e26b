/// A newer daemon may say more, an older one less: nothing here throws.
#include "daemon/command_line/json_fields.hpp"

#include <boost/json/serialize.hpp>

namespace outreachd::command_line {

namespace {

const boost::json::value* member(const boost::json::value& from, std::string_view key) {
    const boost::json::object* const object = from.if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
}

} // namespace

std::string text_at(const boost::json::value& from, std::string_view key) {
    const boost::json::value* const found = member(from, key);
    if (found == nullptr || found->is_null() || found->is_structured())
        return {};
    return found->is_string() ? std::string{found->get_string()} : boost::json::serialize(*found);
}

std::string handler_of(const boost::json::value& from) {
    std::string name = text_at(from, "handler");
    return name.empty() ? "(no handler)" : name;
}

std::string resource_of(const boost::json::value& from) {
    const std::string id = text_at(from, "resource_id");
    return text_at(from, "resource") + (id.empty() ? "" : ":" + id);
}

double number_at(const boost::json::value& from, std::string_view key) {
    const boost::json::value* const found = member(from, key);
    return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

bool fact_at(const boost::json::value& from, std::string_view key) {
    const boost::json::value* const found = member(from, key);
    return found != nullptr && found->is_bool() && found->get_bool();
}

const boost::json::array& list_at(const boost::json::value& from, std::string_view key) {
    static const boost::json::array none;
    const boost::json::value* const found = member(from, key);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

const boost::json::object& object_at(const boost::json::value& from, std::string_view key) {
    static const boost::json::object none;
    const boost::json::value* const found = member(from, key);
    return found != nullptr && found->is_object() ? found->get_object() : none;
}

} // namespace outreachd::command_line
