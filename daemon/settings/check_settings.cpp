#include "daemon/settings/check_settings.hpp"

#include "daemon/settings/certificate_check.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/text/glob.hpp"

#include <algorithm>
#include <map>

namespace outreachd::settings {

namespace {

std::string element(const std::string& list, std::size_t index) {
    return list + "[" + std::to_string(index) + "]";
}

/// The event that a backfill makes of what a webhook for `subscribed` tells; empty: none (a deletion can't be
/// seen), or nobody knows of which resource.
std::string backfilled_event(const std::string& subscribed) {
    const std::size_t dot = subscribed.find('.');
    const std::string resource = subscribed.substr(0, dot);
    const std::string action = subscribed.substr(dot + 1);
    if (resource == "*" || action == "destroyed")
        return {};
    return resource + (action == "created" ? ".created" : ".updated");
}

/// Each once, in the order of the file.
std::vector<std::string> backfilled_events(const settings& read) {
    std::vector<std::string> events;
    const auto add = [&](std::string event) {
        if (!event.empty() && std::find(events.begin(), events.end(), event) == events.end())
            events.push_back(std::move(event));
    };
    for (const std::string& resource : read.backfill.resources)
        add(resource + ".updated");
    if (events.empty() && read.webhooks)
        for (const std::string& subscribed : read.webhooks->subscribe)
            add(backfilled_event(subscribed));
    return events;
}

} // namespace

void check_listen(const listen& read, findings& found) {
    for (const char* key : {"listen.tls", "listen.address", "listen.plaintext"})
        if (!found.is_sound(key))
            return;
    if (read.tls) {
        if (read.plaintext)
            found.warning("listen.plaintext", found.where("listen.plaintext"),
                          "has no effect beside certificate and private_key; it goes with 'tls: off'");
        return;
    }
    if (!found.is_given("listen.tls"))
        found.error(
            "listen.tls", found.where("listen.tls"),
            "is missing; give {certificate: PATH, private_key: PATH}, or 'off' on loopback or behind a "
            "proxy");
    else if (!is_loopback(read.address) && !read.plaintext)
        found.error("listen.tls", found.where("listen.tls"),
                    "'off' needs a loopback address (this one is " + in_quotes(read.address) +
                        "), or 'plaintext: true' behind a proxy that ends TLS");
}

void check_tls_files(const listen& read, findings& found) {
    if (!read.tls || !found.is_sound("listen.tls"))
        return;
    const std::string certificate_key = "listen.tls.certificate";
    const std::string private_key_key = "listen.tls.private_key";
    const certificate_findings seen = check_certificate(*read.tls);
    for (const std::string& message : seen.certificate_errors)
        found.error(certificate_key, found.where(certificate_key), message);
    for (const std::string& message : seen.certificate_warnings)
        found.warning(certificate_key, found.where(certificate_key), message);
    for (const std::string& message : seen.key_errors)
        found.error(private_key_key, found.where(private_key_key), message);
    for (const std::string& message : seen.key_warnings)
        found.warning(private_key_key, found.where(private_key_key), message);
}

void check_endpoints(const std::vector<endpoint>& read, findings& found) {
    std::map<std::string, std::size_t> first_with;
    for (std::size_t at = 0; at < read.size(); ++at) {
        const std::string key = element("endpoints", at) + ".path";
        if (read[at].path.empty())
            continue;
        const auto [first, is_first] = first_with.emplace(read[at].path, at);
        if (!is_first)
            found.error(key, found.where(key),
                        in_quotes(read[at].path) + " is the path of " + element("endpoints", first->second) +
                            " already");
    }
}

void check_roles(const settings& read, findings& found) {
    if (!found.is_sound("roles") || !found.is_sound("queue.type"))
        return;
    const bool is_embedded = read.queue.type == queue_type::embedded;
    // A section that is wrong may have meant to give the type.
    const bool is_meant = found.is_given("queue.type") || found.is_sound("queue");
    if (is_embedded && is_meant && !(read.roles.receives && read.roles.works))
        found.error("roles", found.where("roles"),
                    "one role alone needs 'queue.type: amqp', since RabbitMQ is the road between a host that "
                    "receives and one that works; write [receive, work] or leave it out");
    if (read.queue.amqp.ack != ack_after::broker)
        return;
    const std::string key = "queue.amqp.ack";
    if (is_embedded)
        found.warning(key, found.where(key), "'broker' has no effect with the embedded queue");
    else if (!read.roles.receives)
        found.warning(key, found.where(key), "'broker' has no effect on a host that doesn't receive");
}

void check_outreach(const settings& read, findings& found) {
    const bool is_given = found.is_given("outreach");
    if (read.outreach && std::holds_alternative<oauth_access>(read.outreach->auth) &&
        !(read.roles.receives && read.roles.works))
        found.warning("outreach.auth", found.where("outreach.auth"),
                      "'oauth' serves one host, since each use of its refresh token makes a new one; where "
                      "roles are split, and hosts call Outreach side by side, use 's2s'");
    if (read.webhooks && !is_given)
        found.error("webhooks", found.where("webhooks"), "needs a section 'outreach', to reach Outreach");
    if (!read.backfill.is_automatic || !read.roles.receives)
        return;
    const std::string key = "backfill.on_start";
    if (!is_given)
        found.error(key, found.where(key), "'auto' needs a section 'outreach', to reach Outreach");
    else if (read.backfill.resources.empty() && !found.is_given("webhooks"))
        found.error(key, found.where(key),
                    "'auto' needs to know what: give 'backfill.resources', or 'webhooks.subscribe'");
}

void check_backfill_routes(const settings& read, findings& found) {
    const std::string key = "backfill.on_start";
    for (const char* each : {"backfill", "webhooks", "routes"})
        if (!found.is_sound(each))
            return;
    if (!read.backfill.is_automatic || !read.roles.receives || read.routes.empty())
        return;
    std::string unrouted;
    for (const std::string& event : backfilled_events(read)) {
        const auto takes = [&](const std::string& pattern) { return glob_matches(pattern, event); };
        const bool is_routed = std::any_of(read.routes.begin(), read.routes.end(), [&](const route& one) {
            return std::any_of(one.match.begin(), one.match.end(), takes);
        });
        if (!is_routed)
            unrouted += (unrouted.empty() ? "" : ", ") + event;
    }
    if (!unrouted.empty())
        found.warning(key, found.where(key),
                      "no route takes " + unrouted +
                          ": what 'auto' fetches comes under these names, whatever happened, and will end "
                          "unrouted");
}

void complete_outreach_handlers(settings& read, findings& found) {
    for (handler& one : read.handlers) {
        auto* const own = std::get_if<outreach_handler>(&one.type);
        const auto calls_outreach = [](const outreach_step& step) { return !step.is_elsewhere; };
        if (own == nullptr || std::none_of(own->steps.begin(), own->steps.end(), calls_outreach))
            continue;
        own->api = read.outreach;
        if (found.is_given("outreach"))
            continue;
        const std::string key = "handlers." + one.name;
        found.error(key, found.where(key),
                    "needs a section 'outreach', which says how the Outreach API is reached");
    }
}

void check_admin(const admin& read, findings& found) {
    if (!found.is_sound("admin.address") || !found.is_sound("admin.token"))
        return;
    if (!is_loopback(read.address) && read.token.empty())
        found.error("admin.address", found.where("admin.address"),
                    in_quotes(read.address) +
                        " can be reached from outside, and there is no 'token'; give one, or "
                        "listen on 127.0.0.1");
}

void check_ports(const settings& read, findings& found) {
    for (const char* key : {"listen.address", "listen.port", "admin.address", "admin.port"})
        if (!found.is_sound(key))
            return;
    const bool is_same_address = read.listen.address == read.admin.address ||
                                 is_any_address(read.listen.address) || is_any_address(read.admin.address);
    if (read.admin.port == 0 || read.admin.port != read.listen.port || !is_same_address)
        return;
    const std::string key = found.is_given("admin.port") ? "admin.port" : "listen.port";
    found.error(key, found.where(key),
                "'" + std::to_string(read.admin.port) + "' is the port of 'listen' and of 'admin'");
}

void check_routes(const settings& read, const std::set<std::string>& names, findings& found) {
    std::set<std::string> named;
    const std::vector<std::string_view> known{names.begin(), names.end()};
    for (std::size_t at = 0; at < read.routes.size(); ++at) {
        const std::string list = element("routes", at) + ".to";
        for (std::size_t index = 0; index < read.routes[at].to.size(); ++index) {
            const std::string& name = read.routes[at].to[index];
            named.insert(name);
            const std::string key = element(list, index);
            if (!names.contains(name))
                found.error(key, found.where(key),
                            "there is no handler " + in_quotes(name) + suggestion(name, known));
        }
    }
    if (read.routes.empty() && found.is_sound("routes"))
        found.warning("routes", found.where("routes"), "there is none, so every event will end unrouted");
    else if (found.is_sound("routes"))
        for (const handler& one : read.handlers)
            if (!named.contains(one.name)) {
                const std::string key = "handlers." + one.name;
                found.warning(key, found.where(key), "no route names it, so it will get no event");
            }
}

} // namespace outreachd::settings
