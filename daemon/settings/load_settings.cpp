#include "daemon/settings/load_settings.hpp"

#include "daemon/settings/bounded_file.hpp"
#include "daemon/settings/check_settings.hpp"
#include "daemon/settings/findings.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/units.hpp"

#include <initializer_list>
#include <set>
#include <span>

namespace outreachd::settings {

namespace {

loaded refuse(problem why) {
    loaded result;
    result.errors.push_back(std::move(why));
    return result;
}

/// What a host that receives needs, and `send`, which sends to it.
void read_receiving(const section_reader& top, settings& into, findings& found) {
    const bool is_listen_read = read_listen(top, into.listen);
    read_endpoints(top, into.endpoints);
    if (is_listen_read)
        check_listen(into.listen, found);
    check_endpoints(into.endpoints, found);
}

/// Passes over sections that this host has no use for. Several hosts may share one file, and the secrets and
/// files that it names for the others are none of this one's.
void pass_over(const section_reader& top, std::initializer_list<std::string_view> names,
               std::string_view role) {
    for (const std::string_view name : names)
        if (const auto value = top.find(name))
            value->warning("is not used here: 'roles' doesn't name '" + std::string{role} + "'");
}

void read_everything(const section_reader& top, settings& into, findings& found) {
    read_roles(top, into.roles);
    read_queue(top, into.queue);
    check_roles(into, found);
    read_store(top, into.store);
    top.read("shutdown_timeout", into.shutdown_timeout, {duration_min, duration_max});
    read_admin(top, into.admin);
    check_admin(into.admin, found);
    read_log(top, into.log);

    read_outreach(top, into.outreach);

    // Where `roles` is wrong nobody knows what this host needs.
    const bool is_certain = found.is_sound("roles");
    if (!into.roles.receives) {
        pass_over(top, {"listen", "endpoints", "webhooks", "backfill"}, "receive");
    } else if (is_certain || top.find("listen") || top.find("endpoints")) {
        read_receiving(top, into, found);
        check_tls_files(into.listen, found);
        check_ports(into, found);
        read_webhooks(top, into);
        read_backfill(top, into.backfill);
    }
    check_outreach(into, found);
    if (!into.roles.works) {
        pass_over(top, {"handlers", "routes"}, "work");
    } else {
        std::set<std::string> handler_names;
        read_handlers(top, into.handlers, handler_names);
        complete_amqp_handlers(into, found);
        complete_outreach_handlers(into, found);
        read_routes(top, into.routes);
        check_routes(into, handler_names, found);
        check_backfill_routes(into, found);
    }
}

/// What calls Outreach needs, and where the tokens are.
void read_for_outreach(const section_reader& top, settings& into) {
    read_store(top, into.store);
    read_outreach(top, into.outreach);
    top.require("outreach", "how the Outreach API is reached, at least its 'auth'");
}

void read_for_admin_api(const section_reader& top, settings& into, findings& found) {
    read_admin(top, into.admin);
    check_admin(into.admin, found);
}

/// The keys that a command uses; none is all of them.
std::span<const std::string_view> keys_of(scope part) {
    static constexpr std::string_view send_keys[] = {"listen", "endpoints"};
    static constexpr std::string_view admin_keys[] = {"admin"};
    static constexpr std::string_view outreach_keys[] = {"outreach", "store"};
    static constexpr std::string_view webhooks_keys[] = {"outreach", "store", "webhooks", "endpoints"};
    switch (part) {
    case scope::send:
        return send_keys;
    case scope::admin_api:
        return admin_keys;
    case scope::outreach:
        return outreach_keys;
    case scope::webhooks:
        return webhooks_keys;
    case scope::all:
        break;
    }
    return {};
}

} // namespace

loaded load_settings(const std::string& path, scope part, const expression_check& check) {
    file_contents contents = read_file(path, yaml_bytes_max, file_kind::stream);
    if (!contents.problem.empty()) {
        // The path stands before the message already.
        const std::string prefix = "can't read " + in_quotes(path);
        return refuse({0, 0, "can't be read" + contents.problem.substr(prefix.size()), false});
    }
    return parse_settings(contents.text, part, check);
}

loaded parse_settings(const std::string& text, scope part, const expression_check& check) {
    const yaml_document document = parse_yaml(text);
    findings found{check};
    for (const yaml_problem& each : document.refused)
        found.refused(each);
    loaded result;
    if (document.problem) {
        found.error("", document.problem->where, document.problem->message);
        result.errors = found.errors();
        return result;
    }
    if (!document.root || document.root->type == yaml_node::kind::null)
        return refuse({1, 1, "the file is empty; it needs at least 'listen' and 'endpoints'", false});

    found.place("", document.root->where);
    const value_ref root{found, "", *document.root};
    if (expect_map(root)) {
        const section_reader top{root, known::top, keys_of(part)};
        switch (part) {
        case scope::all:
            read_everything(top, result.settings, found);
            break;
        case scope::send:
            read_receiving(top, result.settings, found);
            break;
        case scope::admin_api:
            read_for_admin_api(top, result.settings, found);
            break;
        case scope::outreach:
            read_for_outreach(top, result.settings);
            break;
        case scope::webhooks:
            read_for_outreach(top, result.settings);
            read_endpoints(top, result.settings.endpoints);
            top.require("webhooks", "what Outreach should send, and where: {url: URL, subscribe: [...]}");
            read_webhooks(top, result.settings);
            break;
        }
    }
    result.errors = found.errors();
    result.warnings = found.warnings();
    return result;
}

std::string to_text(const problem& what, const std::string& path) {
    if (what.line == 0)
        return path + ": " + what.message;
    return path + ":" + std::to_string(what.line) + ":" + std::to_string(what.column) + ": " + what.message;
}

} // namespace outreachd::settings
