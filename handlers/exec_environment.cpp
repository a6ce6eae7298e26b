#include "handlers/exec_environment.hpp"

#include "daemon/event/trace_parent.hpp"
#include "daemon/settings/find_program.hpp"
#include "daemon/settings/program_variables.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <iterator>

namespace outreachd::handlers {

std::vector<settings::exec_variable> passed_on_environment() {
    std::vector<settings::exec_variable> passed_on = {{"PATH", std::string{settings::search_path_default}}};
    for (const std::string_view name : settings::passed_on_variables)
        if (const char* const value = std::getenv(std::string{name}.c_str()))
            set_variable(passed_on, {std::string{name}, value});
    return passed_on;
}

std::vector<settings::exec_variable> delivery_environment(const attempt& what, std::string_view handler) {
    const event& subject = *what.subject;
    const event_facts& facts = subject.facts;
    // In the order of their names in `delivery_variables`.
    const std::string values[] = {to_string(subject.id),
                                  facts.name,
                                  facts.resource,
                                  facts.action,
                                  facts.resource_id,
                                  facts.job_id,
                                  to_rfc3339(subject.received_at),
                                  facts.delivered_at ? to_rfc3339(*facts.delivered_at) : "",
                                  subject.endpoint,
                                  subject.source,
                                  to_string(what.delivery),
                                  std::to_string(what.number),
                                  std::string{handler},
                                  make_trace_parent(subject)};
    static_assert(std::size(values) == std::size(settings::delivery_variables));
    std::vector<settings::exec_variable> variables;
    variables.reserve(std::size(values));
    for (std::size_t at = 0; at < std::size(values); ++at)
        variables.push_back({std::string{settings::delivery_variables[at]}, values[at]});
    return variables;
}

void set_variable(std::vector<settings::exec_variable>& in, settings::exec_variable one) {
    const auto same = std::ranges::find(in, one.name, &settings::exec_variable::name);
    if (same != in.end())
        same->value = std::move(one.value);
    else
        in.push_back(std::move(one));
}

std::optional<std::string> variable_with_nul(const std::vector<settings::exec_variable>& among) {
    const auto found = std::ranges::find_if(
        among, [](const auto& one) { return one.value.find('\0') != std::string::npos; });
    return found == among.end() ? std::nullopt : std::optional{found->name};
}

} // namespace outreachd::handlers
