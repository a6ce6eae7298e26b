#include "daemon/command_line/api_request_words.hpp"

#include "daemon/command_line/filter_words.hpp"
#include "daemon/command_line/typed_text.hpp"
#include "daemon/outreach/batch.hpp"
#include "handlers/json_compact.hpp"

#include <algorithm>

namespace outreachd::command_line {

namespace {

using handlers::outreach::api_request;
using handlers::outreach::query;

std::string to_upper(std::string_view text) {
    std::string raised{text};
    for (char& c : raised)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return raised;
}

/// `TYPE=a,b`; empty, or what is wrong.
std::string add_fields(query& to, const std::vector<std::string>& words) {
    for (const std::string& each : words) {
        const std::size_t equals = each.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == each.size() ||
            each.find_first_of("[] ") != std::string::npos)
            return "'" + each + "' is no TYPE=a,b, as in --fields prospect=firstName,emails";
        to.fields(each.substr(0, equals), each.substr(equals + 1));
    }
    return {};
}

/// Empty, or what is wrong.
std::string read_query(const api_options& options, query& into) {
    if (std::string problem = add_filters(into, filter_use::list, options.filters); !problem.empty())
        return problem;
    if (!options.include.empty())
        into.include(options.include);
    if (std::string problem = add_fields(into, options.fields); !problem.empty())
        return problem;
    if (!options.sort.empty())
        into.sort(options.sort);
    if (options.page_size > 0)
        into.page_size(options.page_size);
    if (options.is_counting)
        into.count();
    return add_action_parameters(into, options.action_parameters);
}

/// Empty, or what is wrong.
std::string read_body(const api_options& options, int standard_input, understood_request& made) {
    api_request& into = made.request;
    if (options.data.empty())
        return into.method == "PATCH" ? "PATCH needs --data: what is to change" : "";
    if (into.method == "GET")
        return "GET takes no --data; --filter and the other options say what is asked for";
    if (options.data.size() > 1)
        return "--data is given twice";
    data_text data = read_data(options.data.front(), standard_input, data_bytes_max);
    made.is_unreadable = !data.problem.empty();
    if (made.is_unreadable)
        return data.problem;
    if (!handlers::is_json(data.text))
        return "--data is no JSON";
    into.body = std::move(data.text);
    return {};
}

std::string find_contradiction(const api_options& options, const std::string& method) {
    static constexpr const char* methods[] = {"GET", "POST", "PATCH", "DELETE"};
    if (std::find(std::begin(methods), std::end(methods), method) == std::end(methods))
        return "'" + options.method + "' is no method; give GET, POST, PATCH or DELETE";
    if (options.is_paginated && method != "GET")
        return "--paginate reads a list, and goes with GET alone";
    if (options.is_raw && options.program.empty())
        return "--raw says how results of --jq are printed, and there is none";
    return {};
}

} // namespace

std::string add_action_parameters(query& to, const std::vector<std::string>& words) {
    for (const std::string& each : words) {
        const std::size_t equals = each.find('=');
        if (equals == std::string::npos || equals == 0 ||
            each.substr(0, equals).find_first_of("[] ") != std::string::npos)
            return "'" + each + "' is no NAME=VALUE, as in --action-param dueAt=2026-11-21T09:00:00Z";
        to.action(each.substr(0, equals), each.substr(equals + 1));
    }
    return {};
}

understood_request understand(const api_options& options, int standard_input) {
    understood_request made;
    api_request& request = made.request;
    request.method = to_upper(options.method);
    query asked;
    made.problem = find_contradiction(options, request.method);
    if (made.problem.empty())
        made.problem = read_query(options, asked);
    if (made.problem.empty())
        made.problem = read_body(options, standard_input, made);
    // `/` alone is the API itself, which says whose token it is.
    request.target = handlers::outreach::with_query(options.path == "/" ? "" : options.path, asked.text());
    if (made.problem.empty() && outreach::is_unfiltered_bulk(request))
        made.problem = "that bulk action has no filter and would touch every record; "
                       "`outreachd bulk ACTION --all` does that, once the number is confirmed";
    return made;
}

} // namespace outreachd::command_line
