#include "daemon/admin/configuration_json.hpp"

#include "daemon/admin/json_writer.hpp"
#include "daemon/settings/units.hpp"

namespace outreachd::admin {

namespace {

/// `https://crm.example.com:8443`, without a user, a path, a query. The host may be an expression: then it is
/// left out too.
std::string origin(const std::string& url) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string::npos)
        return "...";
    const auto host = scheme_end + 3;
    std::string authority = url.substr(host, url.find_first_of("/?#", host) - host);
    if (url.find("${{", host) < host + authority.size())
        return url.substr(0, host) + "...";
    authority.erase(0, authority.rfind('@') + 1); // npos + 1 is 0
    return url.substr(0, host) + authority;
}

std::string without_query(const std::string& target) {
    return target.substr(0, target.find_first_of("?#"));
}

class writer {
public:
    std::string write(const settings::settings& in_force) && {
        json_.begin_object();
        write_listen(in_force.listen);
        write_endpoints(in_force.endpoints);
        write_store(in_force.store);
        write_queue(in_force.queue);
        if (in_force.outreach)
            write_outreach(*in_force.outreach);
        if (in_force.webhooks)
            write_webhooks(*in_force.webhooks);
        write_backfill(in_force.backfill);
        write_handlers(in_force.handlers);
        write_routes(in_force.routes);
        write_roles(in_force.roles);
        json_.member("shutdown_timeout", settings::to_text(in_force.shutdown_timeout));
        write_admin(in_force.admin);
        json_.key("log");
        json_.begin_object();
        json_.member("level", in_force.log.level);
        json_.member("format", in_force.log.format);
        json_.end_object();
        json_.end_object();
        return std::move(json_).take();
    }

private:
    void write_listen(const settings::listen& from) {
        json_.key("listen");
        json_.begin_object();
        json_.member("address", from.address);
        json_.member("port", std::uint32_t{from.port});
        json_.key("tls");
        if (from.tls) {
            json_.begin_object();
            json_.member("certificate", from.tls->certificate);
            json_.member("private_key", from.tls->private_key);
            json_.end_object();
        } else {
            json_.value("off");
        }
        json_.member("plaintext", from.plaintext);
        json_.key("limits");
        json_.begin_object();
        json_.member("headers", settings::size_to_text(from.limits.headers_bytes_max));
        json_.member("body", settings::size_to_text(from.limits.body_bytes_max));
        json_.member("connections", from.limits.connections_max);
        json_.member("handshake_timeout", settings::to_text(from.limits.handshake_timeout));
        json_.member("header_timeout", settings::to_text(from.limits.header_timeout));
        json_.member("body_timeout", settings::to_text(from.limits.body_timeout));
        json_.member("idle_timeout", settings::to_text(from.limits.idle_timeout));
        json_.end_object();
        json_.end_object();
    }

    void write_endpoints(const std::vector<settings::endpoint>& from) {
        json_.key("endpoints");
        json_.begin_array();
        for (const settings::endpoint& each : from) {
            json_.begin_object();
            json_.member("path", each.path);
            json_.member("source", each.source);
            json_.member("secrets", std::uint64_t{each.secrets.size()});
            json_.member("unsigned",
                         each.unsigned_requests == settings::unsigned_policy::accept ? "accept" : "reject");
            json_.member("dedup_window", settings::to_text(each.dedup_window));
            json_.member("quarantine", settings::size_to_text(each.quarantine_bytes_max));
            json_.end_object();
        }
        json_.end_array();
    }

    void write_store(const settings::store& from) {
        json_.key("store");
        json_.begin_object();
        json_.member("directory", from.directory);
        json_.key("retention");
        json_.begin_object();
        json_.member("done", settings::to_text(from.retention.done));
        json_.member("unrouted", settings::to_text(from.retention.unrouted));
        json_.member("dead", settings::to_text(from.retention.dead));
        json_.member("size", settings::size_to_text(from.retention.size_bytes_max));
        json_.end_object();
        json_.end_object();
    }

    void write_queue(const settings::queue& from) {
        json_.key("queue");
        json_.begin_object();
        const bool is_amqp = from.type == settings::queue_type::amqp;
        json_.member("type", is_amqp ? "amqp" : "embedded");
        if (is_amqp) {
            json_.key("amqp");
            json_.begin_object();
            write_nodes(from.amqp.nodes);
            json_.member("exchange", from.amqp.exchange);
            json_.member("prefix", from.amqp.prefix);
            json_.member("partitions", from.amqp.partitions);
            json_.member("queue_type",
                         from.amqp.kind == settings::work_queue_kind::quorum ? "quorum" : "classic");
            json_.member("ack", from.amqp.ack == settings::ack_after::broker ? "broker" : "store");
            json_.end_object();
        }
        json_.end_object();
    }

    /// Neither users nor passwords.
    void write_nodes(const settings::amqp_nodes& from) {
        json_.key("uri");
        json_.begin_array();
        for (const secret& each : from.uris)
            if (const auto parsed = parse_amqp_uri(each.reveal()))
                json_.value(shown(*parsed));
        json_.end_array();
    }

    void write_outreach(const settings::outreach& from) {
        constexpr const char* types[] = {"oauth", "s2s", "token"};
        json_.key("outreach");
        json_.begin_object();
        json_.member("base_url", from.base_url);
        json_.member("auth", types[from.auth.index()]);
        json_.member("reserve", from.reserve);
        json_.end_object();
    }

    void write_webhooks(const settings::webhooks& from) {
        json_.key("webhooks");
        json_.begin_object();
        json_.member("url", without_query(from.url));
        json_.member("subscribe", from.subscribe);
        json_.member("payload_version", from.payload_version);
        json_.member("repair", from.repair);
        json_.end_object();
    }

    void write_backfill(const settings::backfill& from) {
        json_.key("backfill");
        json_.begin_object();
        json_.member("on_start", from.is_automatic ? "auto" : "off");
        json_.member("resources", from.resources);
        json_.end_object();
    }

    void write_handlers(const std::vector<settings::handler>& from) {
        json_.key("handlers");
        json_.begin_object();
        for (const settings::handler& each : from) {
            json_.key(each.name);
            json_.begin_object();
            std::visit([this](const auto& own) { write_own(own); }, each.type);
            json_.member("concurrency", each.concurrency);
            json_.member("timeout", settings::to_text(each.timeout));
            json_.member("ordering", each.ordering == settings::ordering::none ? "none" : "resource");
            json_.key("retry");
            json_.begin_object();
            json_.member("attempts", each.retry.attempts_max);
            json_.member("initial", settings::to_text(each.retry.initial));
            json_.member("factor", each.retry.factor);
            json_.member("max", settings::to_text(each.retry.max));
            json_.member("jitter", each.retry.jitter);
            json_.end_object();
            json_.end_object();
        }
        json_.end_object();
    }

    void write_own(const settings::log_handler& own) {
        json_.member("type", "log");
        json_.member("level", own.level);
    }

    void write_own(const settings::file_handler& own) {
        json_.member("type", "file");
        json_.member("path", own.path);
        json_.member("fsync", own.fsync);
    }

    void write_own(const settings::http_handler& own) {
        json_.member("type", "http");
        json_.member("url", origin(own.url));
        json_.member("method", own.method);
        json_.member("format", own.format == settings::http_format::cloudevents ? "cloudevents" : "raw");
        write_names("headers", own.headers);
        json_.member("body", own.body.has_value());
        json_.member("sign", !own.sign_key.empty());
        json_.member("allow_hosts", own.allow_hosts);
    }

    void write_own(const settings::exec_handler& own) {
        json_.member("type", "exec");
        json_.member("program", own.command.empty() ? std::string{} : own.command.front());
        json_.member("arguments", std::uint64_t{own.command.empty() ? 0 : own.command.size() - 1});
        json_.member_or_null("cwd", own.cwd);
        write_names("env", own.env);
        json_.member("stdin", own.stdin_text.has_value());
        json_.key("dead_on");
        json_.begin_array();
        for (const std::uint8_t each : own.dead_on)
            json_.value(std::uint32_t{each});
        json_.end_array();
    }

    void write_own(const settings::amqp_handler& own) {
        json_.member("type", "amqp");
        write_nodes(own.nodes);
        json_.member("exchange", own.exchange);
        json_.member("routing_key", own.routing_key);
        write_names("headers", own.headers);
        json_.member("mandatory", own.is_mandatory);
    }

    void write_own(const settings::outreach_handler& own) {
        json_.member("type", "outreach");
        json_.key("steps");
        json_.begin_array();
        for (const settings::outreach_step& each : own.steps) {
            json_.begin_object();
            json_.member_or_null("name", each.name);
            json_.member("request",
                         each.method + ' ' +
                             (each.is_elsewhere ? origin(each.target) : without_query(each.target)));
            json_.end_object();
        }
        json_.end_array();
    }

    /// The names of headers or variables.
    template <typename Named>
    void write_names(std::string_view key, const std::vector<Named>& from) {
        std::vector<std::string> names;
        names.reserve(from.size());
        for (const Named& each : from)
            names.push_back(each.name);
        json_.member(key, names);
    }

    void write_routes(const std::vector<settings::route>& from) {
        json_.key("routes");
        json_.begin_array();
        for (const settings::route& each : from) {
            json_.begin_object();
            json_.member("match", each.match);
            json_.member_or_null("where", each.where);
            json_.member("to", each.to);
            json_.end_object();
        }
        json_.end_array();
    }

    void write_roles(const settings::roles& from) {
        std::vector<std::string> names;
        if (from.receives)
            names.emplace_back("receive");
        if (from.works)
            names.emplace_back("work");
        json_.member("roles", names);
    }

    void write_admin(const settings::admin& from) {
        json_.key("admin");
        json_.begin_object();
        json_.member("address", from.address);
        json_.member("port", std::uint32_t{from.port});
        json_.member("token", !from.token.empty());
        json_.member("hosts", from.hosts);
        json_.end_object();
    }

    json_writer json_;
};

} // namespace

std::string to_json(const settings::settings& in_force) {
    return writer{}.write(in_force);
}

} // namespace outreachd::admin
