#include "handlers/outreach/step_form.hpp"

#include "daemon/settings/bulk_action.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/host_name.hpp"
#include "daemon/text/url_template.hpp"
#include "handlers/http_url.hpp"
#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/json_text.hpp"
#include "handlers/outreach/query.hpp"
#include "handlers/outreach/token_source.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

namespace json = boost::json;
using settings::http_body;

std::string title_of(const settings::outreach_step& step, std::size_t number) {
    return step.name.empty() ? "step " + std::to_string(number + 1) : "step '" + step.name + "'";
}

/// Of what is asked for, and of whether the answer is kept for later steps. Not of headers (a token in one
/// that was renewed makes no other step), of the name itself, or of what an answer is taken for.
std::string fingerprint_of(const settings::outreach_step& step) {
    std::string parameters;
    for (const header& one : step.query)
        parameters = fingerprint({parameters, one.name, one.value});
    const http_body body = step.body.value_or(http_body{});
    const std::string_view kind = !step.body ? "none" : body.is_json ? "json" : "text";
    const std::string_view kept = step.name.empty() ? "" : "kept";
    const std::string_view pages = step.paginate ? "all pages" : "";
    return fingerprint(
        {step.when, step.for_each, step.method, step.target, parameters, pages, kind, body.text, kept});
}

std::string quoted(const std::string& text) {
    return json::serialize(json::string{text});
}

/// A parameter's values; nothing where the result can't be one.
std::optional<std::vector<std::string>> values_of(const json::value& result) {
    if (const json::array* const list = result.if_array()) {
        std::vector<std::string> all;
        for (const json::value& one : *list) {
            const auto single = one.is_array() ? std::nullopt : values_of(one);
            if (!single)
                return std::nullopt;
            all.push_back(single->front());
        }
        return all;
    }
    if (const json::string* const text = result.if_string())
        return std::vector<std::string>{std::string{*text}};
    if (result.is_null() || result.is_object())
        return std::nullopt;
    return std::vector<std::string>{json::serialize(result)};
}

bool is_bulk_filter(std::string_view name) {
    return name.starts_with("actionParams[filter]");
}

/// Records that a bulk action's body chooses (contract 9.6).
bool has_ids(const std::optional<std::string>& body) {
    const auto read = body ? read_json(*body) : std::nullopt;
    const json::value* const ids = read ? find_member(*read, {"data", "attributes", "ids"}) : nullptr;
    return ids != nullptr && ids->is_array() && !ids->get_array().empty();
}

} // namespace

step_form::step_form(const settings::outreach_step& configured, std::size_t number,
                     std::vector<std::string> allow_hosts)
    : configured_(configured), title_(title_of(configured, number)), fingerprint_(fingerprint_of(configured)),
      allow_hosts_(std::move(allow_hosts)) {
    target_ =
        form_.add(title_ + ": " + to_lower(configured.method), configured.target, expression::place::url);
    if (const url_template url = read_url_template(configured.target);
        configured.is_elsewhere && !url.has_host_expression)
        fixed_host_ = read_http_url(url.blanked).host;
    for (const header& one : configured.query)
        query_.push_back(form_.add_json(title_ + ": query." + one.name, quoted(one.value)));
    for (const header& one : configured.headers)
        headers_.push_back(form_.add(title_ + ": headers." + one.name, one.value, expression::place::header));
    if (configured.body)
        body_ = configured.body->is_json
                    ? form_.add_json(title_ + ": body", configured.body->text)
                    : form_.add(title_ + ": body", configured.body->text, expression::place::text);
}

step_fault step_form::fault(const std::string& problem, bool is_transient) const {
    return {title_ + ": " + problem, is_transient};
}

step_value<bool> step_form::is_wanted(expression::engine& with, const expression::view& what) const {
    if (configured_.when.empty())
        return {true, {}};
    const auto answers = with.run(std::span{&configured_.when, 1}, what);
    const expression::answer& said = answers.front();
    if (!said.problem.empty())
        return {std::nullopt, fault("when: " + said.problem, said.is_transient)};
    if (said.results.size() > 1)
        return {std::nullopt, fault("when: gave " + std::to_string(said.results.size()) +
                                    " results where one is asked for; gather them with any(...)")};
    return {!said.results.empty() && said.results[0] != "false" && said.results[0] != "null", {}};
}

step_value<std::vector<std::string>> step_form::elements(expression::engine& with,
                                                         const expression::view& what) const {
    const auto answers = with.run(std::span{&configured_.for_each, 1}, what);
    const expression::answer& said = answers.front();
    if (!said.problem.empty())
        return {std::nullopt, fault("for_each: " + said.problem, said.is_transient)};
    if (said.results.size() != 1 || !said.results[0].starts_with('['))
        return {std::nullopt, fault("for_each: " + (said.results.size() == 1
                                                        ? presentable(said.results[0], 60) + " is no array"
                                                        : "gave " + std::to_string(said.results.size()) +
                                                              " results where one array is asked for"))};
    const auto found = element_texts(said.results[0]);
    if (found.size() > elements_max)
        return {std::nullopt, fault("for_each: has " + std::to_string(found.size()) +
                                    " elements, and at most " + std::to_string(elements_max) + " are taken")};
    return {std::vector<std::string>{found.begin(), found.end()}, {}};
}

step_value<step_request> step_form::request(expression::engine& with, const expression::view& what) const {
    const expression::filled filled = form_.fill(with, what);
    if (!filled.problem.empty())
        return {std::nullopt, {filled.problem, filled.is_transient}};
    step_request made;
    made.method = configured_.method;
    query parameters;
    for (std::size_t at = 0; at < query_.size(); ++at) {
        const std::string& name = configured_.query[at].name;
        const auto result = read_json(filled.texts[query_[at]]);
        const auto values = result ? values_of(*result) : std::nullopt;
        if (!values)
            return {std::nullopt, fault("query." + name + ": null, or an object, is no parameter's value")};
        for (const std::string& value : *values) {
            if (value.empty() && is_bulk_filter(name))
                return {std::nullopt,
                        fault("query." + name + ": a filter that is empty may choose every record")};
            parameters.add(name, value);
        }
    }
    made.target = with_query(filled.texts[target_], parameters.text());
    for (std::size_t at = 0; at < headers_.size(); ++at)
        made.headers.push_back({configured_.headers[at].name, filled.texts[headers_[at]]});
    if (body_)
        made.body = filled.texts[*body_];
    if (auto refused = refuse(made))
        return {std::nullopt, std::move(*refused)};
    return {std::move(made), {}};
}

/// What no attempt can mend.
std::optional<step_fault> step_form::refuse(const step_request& made) const {
    for (const header& one : made.headers)
        if (has_control_character(one.value))
            return fault("headers." + one.name + ": its expressions give a control character");
    if (configured_.is_elsewhere) {
        const http_url url = read_http_url(made.target);
        if (!url.problem.empty())
            return fault("what the URL's expressions give " + url.problem);
        if (!is_allowed_host(allow_hosts_, fixed_host_, url.host))
            return fault("the host '" + presentable(url.host) + "' is not in allow_hosts");
        return std::nullopt;
    }
    const bool is_bulk = made.method == "POST" && settings::is_bulk_action(made.target);
    const auto mark = made.target.find('?');
    const std::string query_text = mark == std::string::npos ? std::string{} : made.target.substr(mark + 1);
    if (is_bulk && !configured_.is_for_all && !has_batch_filter(query_text) && !has_ids(made.body))
        return fault("the bulk action has no filter, and so would touch every record");
    return std::nullopt;
}

} // namespace outreachd::handlers::outreach
