#include "daemon/sandbox/webhook_feed.hpp"

#include "daemon/crypto/hmac.hpp"
#include "daemon/sandbox/event_body.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace {

std::string signature(const std::string& secret, std::string_view body) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : hmac_key{secret}.authenticate(body)) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
    return text;
}

/// The request as Outreach sends it (contract 1.21 to 1.27).
std::string to_http(const url& to, const std::string& body, const std::string& secret,
                    const std::vector<std::pair<std::string, std::string>>& headers) {
    std::string bytes = "POST " + to.target + " HTTP/1.1\r\nHost: " + authority_of(to) +
                        "\r\nContent-Type: application/vnd.api+json\r\nUser-Agent: Ruby\r\nAccept: */*\r\n"
                        "Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\nConnection: close\r\n";
    for (const auto& [name, value] : headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    if (!secret.empty())
        bytes += "Outreach-Webhook-Signature: " + signature(secret, body) + "\r\n";
    return bytes + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool is_ordinary(std::string_view action) {
    return action == "created" || action == "updated" || action == "destroyed";
}

} // namespace

webhook_feed::webhook_feed(const options& configured, records& data, deliverer& out)
    : configured_(configured), data_(data), out_(out), org_(to_string(make_event_id(wall_now()))) {}

void webhook_feed::hear(const change& what) {
    const auto& raised = what.subject.type->events;
    if (std::ranges::find(raised, what.action) == raised.end())
        return;
    const event_id job = make_event_id(wall_now());
    for (const auto& [id, each] : data_.all("webhook")) {
        if (!wants(each, what))
            continue;
        const std::int64_t version = each.attribute("payloadVersion").as_int64();
        const std::string event = to_string(make_event_id(wall_now()));
        send(id, {each.text("url"),
                  std::string{what.subject.type->type} + '.' + what.action,
                  event_body(what, version, wall_now(), job),
                  each.text("secret"),
                  {{"Outreach-Webhook-Id", std::to_string(id)},
                   {"Outreach-Webhook-Event-Id", event},
                   {"Outreach-Org-Id", org_},
                   {"outreach-webhook-cleanup-token", each.text("cleanupToken")}}});
    }
}

void webhook_feed::send_install(const std::string& action, const std::string& install, const std::string& to,
                                const std::string& secret, const std::string& api) {
    // Contract 1.24: here the webhook's id is one of the request.
    send(0, {to,
             "install." + action,
             install_body(action, install, configured_.s2s_guid, org_, api, wall_now()),
             secret,
             {{"Outreach-Webhook-ID", to_string(make_event_id(wall_now()))}}});
}

bool webhook_feed::wants(const record& webhook, const change& what) const {
    if (webhook.attribute("active") != boost::json::value(true))
        return false;
    const std::string resource = webhook.text("resource");
    const std::string action = webhook.text("action");
    if (resource != "*" && resource != what.subject.type->type)
        return false;
    return action == what.action ||
           (action == "*" && (configured_.star_covers_special || is_ordinary(what.action)));
}

bool webhook_feed::is_suspended(record& webhook) {
    const auto until = parse_timestamp(webhook.text("disabledUntil"));
    if (!until)
        return false;
    if (*until > wall_now())
        return true;
    data_.change_record(
        webhook,
        {.attributes = {{"disabledReason", nullptr}, {"disabledSince", nullptr}, {"disabledUntil", nullptr}},
         .is_quiet = true});
    return false;
}

delivery& webhook_feed::note(record_id webhook, const outgoing& what) {
    std::string event;
    for (const auto& [name, value] : what.headers) {
        if (name == "Outreach-Webhook-Event-Id")
            event = value;
    }
    if (deliveries_.size() >= deliveries_max)
        deliveries_.pop_front();
    return deliveries_.emplace_back(
        delivery{++last_number_, webhook, what.event_name, event, what.url, what.body});
}

void webhook_feed::send(record_id webhook, const outgoing& what) {
    delivery& noted = note(webhook, what);
    record* const source = data_.find("webhook", webhook);
    if (source != nullptr && is_suspended(*source)) {
        noted.state = "suspended";
        return;
    }
    const auto to = parse_url(what.url);
    if (!to) {
        noted.state = "lost";
        noted.attempts.emplace_back("the URL can't be understood");
        return;
    }
    out_.submit({*to, to_http(*to, what.body, what.secret, what.headers)},
                [this, number = noted.number, webhook](const delivery_report& report) {
                    finish(number, webhook, report);
                });
}

void webhook_feed::finish(std::uint64_t number, record_id webhook, const delivery_report& report) {
    const auto noted = std::ranges::find(deliveries_, number, &delivery::number);
    if (noted != deliveries_.end()) {
        noted->state = report.end == delivery_end::delivered ? "delivered" : "lost";
        noted->status = report.status;
        noted->attempts = report.attempts;
    }
    record* const source = data_.find("webhook", webhook);
    if (source == nullptr)
        return;
    if (report.end == delivery_end::delivered)
        failing_since_.erase(webhook);
    else if (report.end == delivery_end::unresolved)
        suspend(*source, "The host of the URL can't be resolved.", configured_.delivery.dns_suspension);
    else if (report.end == delivery_end::private_address)
        suspend(*source, "The host of the URL has a private address.",
                configured_.delivery.private_suspension);
}

void webhook_feed::suspend(record& webhook, const std::string& reason, std::chrono::milliseconds length) {
    const auto now = std::chrono::steady_clock::now();
    const auto since = failing_since_.try_emplace(webhook.id, now).first->second;
    boost::json::object marks{{"disabledReason", reason},
                              {"disabledSince", time_now()},
                              {"disabledUntil", to_rfc3339(wall_now() + length)}};
    if (now - since >= configured_.delivery.deactivated_after)
        marks["active"] = false;
    data_.change_record(webhook, {.attributes = std::move(marks), .is_quiet = true});
}

} // namespace outreachd::sandbox
