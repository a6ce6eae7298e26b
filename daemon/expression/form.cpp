#include "daemon/expression/form.hpp"

namespace outreachd::expression {

struct form::field {
    std::string text;
};

form::form() = default;
form::~form() = default;
form::form(form&&) noexcept = default;
form& form::operator=(form&&) noexcept = default;

std::size_t form::add(std::string, std::string_view source, place) {
    fields_.push_back({std::string{source}});
    return fields_.size() - 1;
}

std::size_t form::add_json(std::string, std::string_view json) {
    fields_.push_back({std::string{json}});
    return fields_.size() - 1;
}

filled form::fill(engine&, const view&) const {
    filled result;
    for (const field& each : fields_)
        result.texts.push_back(each.text);
    return result;
}

} // namespace outreachd::expression
