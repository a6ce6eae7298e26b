/// The configuration as JSON: what is shown, and what never is.
#include "daemon/admin/configuration_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

/// Stands wherever a credential may stand.
const std::string hidden = "s3cr3t";

settings::amqp_nodes nodes() {
    return {{secret{"amqps://user-" + hidden + ":" + hidden + "@rabbit.example.com/events"}}, hidden};
}

settings::handler named(std::string name, decltype(settings::handler::type) type) {
    settings::handler made;
    made.name = std::move(name);
    made.type = std::move(type);
    return made;
}

/// Everything there is, with that in each place that may hold a credential.
settings::settings full_of_secrets() {
    settings::settings made;
    made.listen.tls = settings::tls_files{"/etc/chain.pem", "/etc/key.pem"};
    settings::endpoint endpoint;
    endpoint.path = "/webhooks/outreach";
    endpoint.secrets = {secret{hidden}, secret{hidden}};
    made.endpoints = {endpoint};
    made.queue.type = settings::queue_type::amqp;
    made.queue.amqp.nodes = nodes();
    settings::outreach outreach;
    outreach.auth = settings::oauth_access{.client_id = hidden,
                                           .client_secret = secret{hidden},
                                           .refresh_token = secret{hidden},
                                           .scopes = {},
                                           .redirect_uri = {},
                                           .token_url = "https://api.example.com/" + hidden,
                                           .authorize_url = "https://api.example.com/" + hidden};
    outreach.ca = hidden;
    outreach.proxy = "http://" + hidden + "@proxy.example.com";
    made.outreach = outreach;
    settings::webhooks webhooks;
    webhooks.url = "https://hooks.example.com/webhooks/outreach?key=" + hidden;
    webhooks.subscribe = {"task.*"};
    webhooks.signing = secret{hidden};
    made.webhooks = webhooks;

    settings::http_handler http;
    http.url = "https://" + hidden + ":" + hidden + "@crm.example.com:8443/" + hidden + "?key=" + hidden;
    http.headers = {{"Authorization", "Bearer " + hidden}};
    http.body = settings::http_body{hidden, false};
    http.sign_key = secret{hidden};
    http.ca = hidden;
    http.proxy = "http://" + hidden + "@proxy.example.com";
    settings::exec_handler exec;
    exec.command = {"/usr/bin/notify", "--password", hidden};
    exec.env = {{"API_KEY", hidden}};
    exec.stdin_text = hidden;
    exec.dead_on = {3, 4};
    settings::amqp_handler amqp;
    amqp.nodes = nodes();
    amqp.exchange = "events";
    amqp.headers = {{"x-key", hidden}};
    settings::outreach_step step;
    step.name = "first";
    step.method = "GET";
    step.target = "/tasks/${{ .data.id }}?key=" + hidden;
    step.query = {{"key", hidden}};
    step.headers = {{"x-key", hidden}};
    step.body = settings::http_body{hidden, true};
    settings::outreach_step elsewhere = step;
    elsewhere.target = "https://" + hidden + "@other.example.com/" + hidden;
    elsewhere.is_elsewhere = true;
    settings::outreach_handler calls;
    calls.steps = {step, elsewhere};
    calls.api = outreach;
    made.handlers = {named("crm", http),
                     named("notify", exec),
                     named("bus", amqp),
                     named("follow-up", calls),
                     named("archive", settings::file_handler{"/var/events.jsonl", true}),
                     named("note", settings::log_handler{})};
    made.routes = {{{"task.*", "mailing.replied"}, {"crm", "bus"}, ".data.id > 1"}};
    made.admin.token = secret{hidden};
    return made;
}

TEST(ConfigurationJson, HoldsNoCredentialWhereverItStood) {
    const std::string shown = to_json(full_of_secrets());
    EXPECT_EQ(shown.find(hidden), std::string::npos) << shown;
}

TEST(ConfigurationJson, ShowsWhatSteersTheDaemon) {
    const auto shown = boost::json::parse(to_json(full_of_secrets()));
    EXPECT_EQ(shown.at("listen").at("tls").at("certificate").as_string(), "/etc/chain.pem");
    EXPECT_EQ(shown.at("listen").at("limits").at("body").as_string(), "16MiB");
    EXPECT_EQ(shown.at("endpoints").at(0).at("secrets").to_number<int>(), 2);
    EXPECT_EQ(shown.at("endpoints").at(0).at("dedup_window").as_string(), "1d");
    EXPECT_EQ(shown.at("queue").at("amqp").at("uri").at(0).as_string(),
              "amqps://rabbit.example.com:5671/events");
    EXPECT_EQ(shown.at("outreach").at("auth").as_string(), "oauth");
    EXPECT_EQ(shown.at("webhooks").at("url").as_string(), "https://hooks.example.com/webhooks/outreach");
    const auto& handlers = shown.at("handlers");
    EXPECT_EQ(handlers.at("crm").at("url").as_string(), "https://crm.example.com:8443");
    EXPECT_EQ(handlers.at("crm").at("headers").at(0).as_string(), "Authorization");
    EXPECT_TRUE(handlers.at("crm").at("sign").as_bool());
    EXPECT_EQ(handlers.at("crm").at("retry").at("attempts").to_number<int>(), 12);
    EXPECT_EQ(handlers.at("notify").at("program").as_string(), "/usr/bin/notify");
    EXPECT_EQ(handlers.at("notify").at("arguments").to_number<int>(), 2);
    EXPECT_EQ(handlers.at("notify").at("dead_on").at(1).to_number<int>(), 4);
    EXPECT_EQ(handlers.at("follow-up").at("steps").at(0).at("request").as_string(),
              "GET /tasks/${{ .data.id }}");
    EXPECT_EQ(handlers.at("follow-up").at("steps").at(1).at("request").as_string(),
              "GET https://other.example.com");
    EXPECT_EQ(handlers.at("archive").at("path").as_string(), "/var/events.jsonl");
    EXPECT_EQ(shown.at("routes").at(0).at("where").as_string(), ".data.id > 1");
    EXPECT_EQ(shown.at("routes").at(0).at("to").at(1).as_string(), "bus");
    EXPECT_TRUE(shown.at("admin").at("token").as_bool());
}

TEST(ConfigurationJson, HidesAHostThatIsAnExpression) {
    settings::settings configured;
    settings::http_handler http;
    for (const char* const url :
         {"https://${{ .a/b }}.example.com/x", "https://${{ .host }}", "${{ .url }}"}) {
        http.url = url;
        configured.handlers = {named("crm", http)};
        const auto shown = boost::json::parse(to_json(configured));
        const auto& told = shown.at("handlers").at("crm").at("url").as_string();
        EXPECT_TRUE(told == "https://..." || told == "...") << told;
    }
}

TEST(ConfigurationJson, LeavesOutSectionsThatThereAreNot) {
    const auto shown = boost::json::parse(to_json(settings::settings{}));
    EXPECT_FALSE(shown.as_object().contains("outreach"));
    EXPECT_FALSE(shown.as_object().contains("webhooks"));
    EXPECT_EQ(shown.at("listen").at("tls").as_string(), "off");
    EXPECT_FALSE(shown.at("queue").as_object().contains("amqp"));
    EXPECT_FALSE(shown.at("admin").at("token").as_bool());
}

} // namespace
} // namespace outreachd::admin
