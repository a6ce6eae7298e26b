#include "daemon/text/json_members.hpp"

#include <boost/json/serialize.hpp>

namespace outreachd {

void json_members::text(std::string_view key, std::string_view value) {
    raw(key, boost::json::serialize(value));
}

void json_members::raw(std::string_view key, std::string_view json) {
    object_ += object_.empty() ? "{\"" : ",\"";
    object_ += key;
    object_ += "\":";
    object_ += json;
}

std::string json_members::finish() && {
    object_ += object_.empty() ? "{}" : "}";
    return std::move(object_);
}

} // namespace outreachd
