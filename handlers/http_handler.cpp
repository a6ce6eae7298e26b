/// The `http` handler: one request for each event.
#include "handlers/http_handler.hpp"

#include "daemon/crypto/hmac.hpp"
#include "daemon/event/trace_parent.hpp"
#include "daemon/expression/event_view.hpp"
#include "daemon/expression/form.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/expression_end.hpp"
#include "daemon/text/host_name.hpp"
#include "daemon/text/url_template.hpp"
#include "handlers/cloud_event.hpp"
#include "handlers/header_list.hpp"
#include "handlers/http_content.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/http_url.hpp"
#include "handlers/http_verdict.hpp"
#include "handlers/webhook_signature.hpp"

#include <algorithm>

namespace outreachd::handlers {

namespace {

constexpr std::size_t host_bytes_shown = 256;

http_rules make_rules(const settings::http_handler& configured) {
    http_rules rules;
    rules.authorities = configured.ca;
    rules.proxy = configured.proxy;
    return rules;
}

bool is_constant(const settings::http_handler& configured) {
    return !has_expression(configured.url) && !(configured.body && has_expression(configured.body->text)) &&
           std::ranges::none_of(configured.headers, has_expression, &header::value);
}

class http_handler final : public handler {
public:
    http_handler(const settings::http_handler& configured, std::shared_ptr<expression::engine> expressions)
        : configured_(configured), expressions_(std::move(expressions)), transport_(make_rules(configured)),
          content_(configured, form_) {
        const url_template url = read_url_template(configured.url);
        url_ = form_.add("url", configured.url, expression::place::url);
        if (!url.has_host_expression)
            fixed_host_ = read_http_url(url.blanked).host;
        for (const header& one : configured.headers)
            headers_.push_back(form_.add("headers." + one.name, one.value, expression::place::header));
        if (is_constant(configured))
            constant_ = form_.fill(*expressions_, {});
        if (!configured.sign_key.empty())
            key_.emplace(configured.sign_key.reveal());
    }

    outcome handle(const attempt& what) override {
        const event& subject = *what.subject;
        const expression::filled filled =
            constant_ ? *constant_ : form_.fill(*expressions_, expression::view_of(subject));
        if (!filled.problem.empty())
            return filled.is_transient ? outcome::retry(filled.problem) : outcome::dead(filled.problem);
        const http_url url = read_http_url(filled.texts[url_]);
        if (auto refused = refuse(url, filled))
            return outcome::dead(std::move(*refused));

        const http_content content = content_.make(subject, filled);
        const http_request request{.method = configured_.method,
                                   .url = filled.texts[url_],
                                   .headers = make_headers(what, content, filled),
                                   .body = content.bytes(),
                                   .deadline = what.deadline};
        return judge_answer(transport_.send(request),
                            configured_.method + " " + (configured_.hides_path ? url.origin : url.shown),
                            wall_now(), configured_.hides_path);
    }

private:
    /// Why the request can't be made; no attempt can change it.
    std::optional<std::string> refuse(const http_url& url, const expression::filled& filled) const {
        if (!url.problem.empty())
            return "url: what its expressions give " + url.problem;
        // Where the host is written out, no result may have changed it.
        if (!is_allowed_host(configured_.allow_hosts, fixed_host_, url.host))
            return "url: the host '" + url.host.substr(0, host_bytes_shown) + "' is not in allow_hosts";
        for (std::size_t at = 0; at < headers_.size(); ++at)
            if (has_control_character(filled.texts[headers_[at]]))
                return "headers." + configured_.headers[at].name +
                       ": its expressions give a control character";
        return std::nullopt;
    }

    std::vector<header> make_headers(const attempt& what, const http_content& content,
                                     const expression::filled& filled) const {
        const std::string delivery = to_string(what.delivery);
        std::vector<header> made;
        if (!content.type.empty() && !has_control_character(content.type))
            made.push_back({"Content-Type", content.type});
        made.push_back({"User-Agent", "outreachd/" OUTREACHD_VERSION});
        made.push_back({"Idempotency-Key", delivery});
        made.push_back({trace_parent_name, make_trace_parent(*what.subject)});
        for (std::size_t at = 0; at < headers_.size(); ++at)
            put(made, {configured_.headers[at].name, filled.texts[headers_[at]]}, is_same_in_any_case);
        if (key_)
            for (header& one : sign_webhook(*key_, delivery, wall_now(), content.bytes().value_or("")))
                put(made, std::move(one), is_same_in_any_case);
        return made;
    }

    const settings::http_handler configured_;
    const std::shared_ptr<expression::engine> expressions_;
    expression::form form_;
    http_transport transport_;
    const http_content_form content_;
    std::size_t url_ = 0;
    std::string fixed_host_; ///< Where no expression stands in front of the path.
    std::vector<std::size_t> headers_;
    std::optional<expression::filled>
        constant_; ///< Where there is no expression: the texts, once and for all.
    std::optional<hmac_key> key_;
};

} // namespace

std::unique_ptr<handler> make_http_handler(const settings::http_handler& configured,
                                           std::shared_ptr<expression::engine> expressions) {
    return std::make_unique<http_handler>(configured, std::move(expressions));
}

} // namespace outreachd::handlers
