/// The files in config/: what they say is what the reader does.
#include "daemon/settings/known_keys.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace outreachd::settings::test {

namespace {

namespace json = boost::json;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

std::string shipped(const std::string& name) {
    return read_whole(std::string{OUTREACHD_CONFIG_FILES} + "/" + name);
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

/// A shipped file with a certificate and a secret that exist.
loaded load_shipped(const std::string& name) {
    const temporary_folder folder;
    const variable webhook_secret{"OUTREACH_WEBHOOK_SECRET", "a secret"};
    const certificate made = make_certificate();
    std::string text = shipped(name);
    replace_all(text, "/etc/outreachd/tls/fullchain.pem", folder.write("fullchain.pem", made.pem));
    replace_all(text, "/etc/outreachd/tls/privkey.pem", folder.write("privkey.pem", made.key_pem));
    return parse_settings(text);
}

TEST(ShippedFiles, AreRight) {
    for (const char* name : {"outreachd.example.yaml", "outreachd.minimal.yaml"}) {
        const loaded result = load_shipped(name);
        EXPECT_THAT(lines_of(result.errors), IsEmpty()) << name;
        EXPECT_THAT(lines_of(result.warnings), IsEmpty()) << name;
    }
}

/// The example states defaults; those of the program are in settings.hpp.
TEST(ShippedFiles, ShowTheDefaultsInTheExample) {
    const settings shown = load_shipped("outreachd.example.yaml").settings;
    const settings defaults;
    EXPECT_EQ(shown.listen.address, defaults.listen.address);
    EXPECT_EQ(shown.listen.port, defaults.listen.port);
    EXPECT_EQ(shown.listen.plaintext, defaults.listen.plaintext);
    EXPECT_EQ(shown.listen.limits.headers_bytes_max, defaults.listen.limits.headers_bytes_max);
    EXPECT_EQ(shown.listen.limits.body_bytes_max, defaults.listen.limits.body_bytes_max);
    EXPECT_EQ(shown.listen.limits.connections_max, defaults.listen.limits.connections_max);
    EXPECT_EQ(shown.listen.limits.handshake_timeout, defaults.listen.limits.handshake_timeout);
    EXPECT_EQ(shown.listen.limits.header_timeout, defaults.listen.limits.header_timeout);
    EXPECT_EQ(shown.listen.limits.body_timeout, defaults.listen.limits.body_timeout);
    EXPECT_EQ(shown.listen.limits.idle_timeout, defaults.listen.limits.idle_timeout);
    ASSERT_EQ(shown.endpoints.size(), 1U);
    EXPECT_EQ(shown.endpoints[0].source, endpoint{}.source);
    EXPECT_EQ(shown.endpoints[0].unsigned_requests, endpoint{}.unsigned_requests);
    EXPECT_EQ(shown.endpoints[0].dedup_window, endpoint{}.dedup_window);
    EXPECT_EQ(shown.endpoints[0].quarantine_bytes_max, endpoint{}.quarantine_bytes_max);
    EXPECT_EQ(shown.store.directory, defaults.store.directory);
    EXPECT_EQ(shown.store.retention.done, defaults.store.retention.done);
    EXPECT_EQ(shown.store.retention.unrouted, defaults.store.retention.unrouted);
    EXPECT_EQ(shown.store.retention.dead, defaults.store.retention.dead);
    EXPECT_EQ(shown.store.retention.size_bytes_max, defaults.store.retention.size_bytes_max);
    EXPECT_EQ(shown.queue.type, defaults.queue.type);
    EXPECT_EQ(shown.roles.receives, defaults.roles.receives);
    EXPECT_EQ(shown.roles.works, defaults.roles.works);
    ASSERT_GE(shown.handlers.size(), 2U);
    const handler& archive = shown.handlers[0];
    EXPECT_EQ(archive.concurrency, handler{}.concurrency);
    EXPECT_EQ(archive.timeout, handler{}.timeout);
    EXPECT_EQ(archive.ordering, handler{}.ordering);
    EXPECT_EQ(archive.retry.attempts_max, retry{}.attempts_max);
    EXPECT_EQ(archive.retry.initial, retry{}.initial);
    EXPECT_EQ(archive.retry.factor, retry{}.factor);
    EXPECT_EQ(archive.retry.max, retry{}.max);
    EXPECT_EQ(archive.retry.jitter, retry{}.jitter);
    EXPECT_EQ(std::get<file_handler>(archive.type).fsync, file_handler{}.fsync);
    EXPECT_EQ(std::get<log_handler>(shown.handlers[1].type).level, log_handler{}.level);
    EXPECT_EQ(std::get<log_handler>(shown.handlers[1].type).message, log_handler{}.message);
    EXPECT_EQ(shown.shutdown_timeout, defaults.shutdown_timeout);
    EXPECT_EQ(shown.admin.address, defaults.admin.address);
    EXPECT_EQ(shown.admin.port, defaults.admin.port);
    EXPECT_EQ(shown.log.level, defaults.log.level);
    EXPECT_EQ(shown.log.format, defaults.log.format);
}

/// What the example only comments out, since it would reach for hosts that don't exist.
TEST(ShippedFiles, AreRightWithWhatTheyCommentOut) {
    const temporary_folder folder;
    const variable webhook_secret{"OUTREACH_WEBHOOK_SECRET", "a secret"};
    folder.write("admin_token", "a token");
    const variable credentials{"CREDENTIALS_DIRECTORY", folder.path("")};
    const variable crm_secret{"CRM_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    const certificate made = make_certificate();
    std::string text = shipped("outreachd.example.yaml");
    replace_all(text, "/etc/outreachd/tls/fullchain.pem", folder.write("fullchain.pem", made.pem));
    replace_all(text, "/etc/outreachd/tls/privkey.pem", folder.write("privkey.pem", made.key_pem));
    replace_all(text, "/etc/outreachd/crm-ca.pem", folder.write("ca.pem", made.pem));
    const variable broker{"AMQP_URI", "amqps://me:s3cret@rabbit.example.com"};
    replace_all(text, "/etc/outreachd/rabbit-ca.pem", folder.write("rabbit-ca.pem", made.pem));
    replace_all(text, "\n  # amqp:", "\n  amqp:");
    replace_all(text, "\n  # bus:", "\n  bus:");
    replace_all(text, "\n  # crm:", "\n  crm:");
    replace_all(text, "\n  # follow-up:", "\n  follow-up:");
    replace_all(text, "\n  #   ", "\n    ");
    replace_all(text, "to: [archive]", "to: [archive, bus, follow-up, crm]");
    const variable app_secret{"OUTREACH_CLIENT_SECRET", "an app's secret"};
    const variable refresh_token{"OUTREACH_REFRESH_TOKEN", "a token"};
    replace_all(text, "/etc/outreachd/outreach-ca.pem", folder.write("outreach-ca.pem", made.pem));
    for (const char* section : {"outreach", "webhooks", "backfill"})
        replace_all(text, "\n# " + std::string{section} + ":", "\n" + std::string{section} + ":");
    replace_all(text, "\n#   ", "\n  ");
    const loaded result = parse_settings(text);
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    ASSERT_EQ(result.settings.handlers.size(), 6U);
    const auto& steps = std::get<outreach_handler>(result.settings.handlers[4].type).steps;
    EXPECT_EQ(steps.size(), 4U);
    ASSERT_TRUE(result.settings.outreach);
    EXPECT_EQ(result.settings.outreach->base_url, outreach{}.base_url);
    EXPECT_EQ(result.settings.outreach->reserve, outreach{}.reserve);
    ASSERT_TRUE(result.settings.webhooks);
    EXPECT_EQ(result.settings.webhooks->payload_version, webhooks{}.payload_version);
    EXPECT_EQ(result.settings.webhooks->repair, webhooks{}.repair);
    EXPECT_EQ(result.settings.webhooks->signing, secret{"a secret"});
    EXPECT_EQ(result.settings.backfill.is_automatic, backfill{}.is_automatic);
    const auto& bus = std::get<amqp_handler>(result.settings.handlers[3].type);
    EXPECT_EQ(bus.routing_key, amqp_handler{}.routing_key);
    EXPECT_EQ(bus.is_mandatory, amqp_handler{}.is_mandatory);
    const auto& crm = std::get<http_handler>(result.settings.handlers.back().type);
    EXPECT_EQ(crm.method, http_handler{}.method);
    EXPECT_EQ(crm.format, http_handler{}.format);
    amqp_queue amqp = result.settings.queue.amqp;
    EXPECT_EQ(amqp.nodes.uris, std::vector{secret{"amqps://me:s3cret@rabbit.example.com"}});
    EXPECT_EQ(amqp.nodes.ca, made.pem);
    amqp.nodes = {};
    EXPECT_TRUE(amqp == amqp_queue{});
}

/// Where each section stands in the schema.
const std::map<std::string_view, const char*> schema_places = {
    {"", ""},
    {"listen", "/$defs/listen"},
    {"listen.tls", "/$defs/tls"},
    {"listen.limits", "/$defs/limits"},
    {"endpoints[]", "/$defs/endpoint"},
    {"store", "/$defs/store"},
    {"store.retention", "/$defs/retention"},
    {"queue", "/$defs/queue"},
    {"queue.amqp", "/$defs/amqp_queue"},
    {"handlers.*(log)", "/$defs/log_handler"},
    {"handlers.*(file)", "/$defs/file_handler"},
    {"handlers.*(http)", "/$defs/http_handler"},
    {"handlers.*.sign", "/$defs/sign"},
    {"handlers.*(exec)", "/$defs/exec_handler"},
    {"handlers.*(amqp)", "/$defs/amqp_handler"},
    {"handlers.*(outreach)", "/$defs/outreach_handler"},
    {"handlers.*.steps[]", "/$defs/step"},
    {"handlers.*.retry", "/$defs/retry"},
    {"outreach", "/$defs/outreach"},
    {"outreach.auth(oauth)", "/$defs/oauth"},
    {"outreach.auth(s2s)", "/$defs/s2s"},
    {"outreach.auth(token)", "/$defs/token"},
    {"webhooks", "/$defs/webhooks"},
    {"backfill", "/$defs/backfill"},
    {"routes[]", "/$defs/route"},
    {"admin", "/$defs/admin"},
    {"log", "/$defs/log"},
    {"a secret", "/$defs/secret/anyOf/1"},
};

TEST(ShippedFiles, HaveASchemaWithTheReadersKeysAndNoOthers) {
    const json::value schema = json::parse(shipped("outreachd.schema.json"));
    ASSERT_EQ(schema_places.size(), known::sections.size());
    for (const known_section* section : known::sections) {
        SCOPED_TRACE(std::string{section->name});
        const auto place = schema_places.find(section->name);
        ASSERT_NE(place, schema_places.end());
        boost::system::error_code ec;
        const json::value* const found = schema.find_pointer(place->second, ec);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->at("additionalProperties"), json::value(false));
        std::vector<std::string_view> names;
        for (const auto& property : found->at("properties").as_object())
            names.push_back(property.key());
        EXPECT_THAT(names, UnorderedElementsAreArray(section->keys));
    }
}

/// `type` of a handler is an enumeration of its own in the schema, apart from its sections.
TEST(ShippedFiles, HaveASchemaWithTheReadersHandlerTypes) {
    const json::value schema = json::parse(shipped("outreachd.schema.json"));
    const json::value& names = schema.at("properties")
                                   .at("handlers")
                                   .at("additionalProperties")
                                   .at("properties")
                                   .at("type")
                                   .at("enum");
    std::vector<std::string_view> types;
    for (const json::value& name : names.as_array())
        types.push_back(name.as_string());
    EXPECT_THAT(types, UnorderedElementsAreArray(known::handler_types));
}

/// All values under `defaults` of the schema, put into a file, change nothing.
TEST(ShippedFiles, HaveASchemaWithTheProgramsDefaults) {
    const json::value schema = json::parse(shipped("outreachd.schema.json"));
    const std::string example = shipped("outreachd.example.yaml");
    for (const auto& definition : schema.at("$defs").as_object()) {
        const json::object* const properties =
            definition.value().is_object() && definition.value().as_object().contains("properties")
                ? &definition.value().at("properties").as_object()
                : nullptr;
        if (properties == nullptr)
            continue;
        for (const auto& property : *properties) {
            const json::object& about = property.value().as_object();
            const auto preset = about.find("default");
            if (preset == about.end() || preset->value().is_array())
                continue;
            std::string text = preset->value().is_string() ? std::string{preset->value().as_string()}
                                                           : json::serialize(preset->value());
            if (preset->value().is_double()) { // JSON writes 2E-1
                text = std::to_string(preset->value().as_double());
                text.erase(text.find_last_not_of('0') + 1);
            }
            // The example was held against the program's defaults above.
            const std::string key = std::string{property.key()} + ": ";
            EXPECT_TRUE(example.find(key + text) != std::string::npos ||
                        example.find(key + "\"" + text + "\"") != std::string::npos)
                << definition.key() << "." << property.key() << " " << text;
        }
    }
}

TEST(ShippedFiles, ExplainEveryKey) {
    const std::string reference = shipped("reference.md");
    const std::string example = shipped("outreachd.example.yaml");
    for (const known_section* section : known::sections)
        for (const std::string_view key : section->keys) {
            const std::string name{key};
            const bool is_explained = reference.find("`" + name + "`") != std::string::npos ||
                                      reference.find("." + name + "`") != std::string::npos ||
                                      reference.find("`" + name + ".") != std::string::npos ||
                                      reference.find("{" + name) != std::string::npos;
            EXPECT_TRUE(is_explained) << section->name << " " << name;
            EXPECT_NE(example.find(name + ":"), std::string::npos) << section->name << " " << name;
        }
}

} // namespace

} // namespace outreachd::settings::test
