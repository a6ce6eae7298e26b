/// AMQP URIs taken apart.
#include "daemon/text/amqp_uri.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

TEST(AmqpUri, ReadsItsParts) {
    const struct {
        const char* text;
        const char* host;
        std::uint16_t port;
        const char* user;
        const char* password;
        const char* vhost;
    } cases[]{
        {"amqp://rabbit", "rabbit", 5672, "guest", "guest", "/"},
        {"amqps://rabbit", "rabbit", 5671, "guest", "guest", "/"},
        {"amqp://rabbit:1", "rabbit", 1, "guest", "guest", "/"},
        {"amqps://rabbit.example.com:65535/", "rabbit.example.com", 65'535, "guest", "guest", ""},
        {"amqp://rabbit:80/x", "rabbit", 80, "guest", "guest", "x"},
        {"amqp://rabbit/%2F", "rabbit", 5672, "guest", "guest", "/"},
        {"amqp://rabbit/%2f", "rabbit", 5672, "guest", "guest", "/"},
        {"amqp://rabbit/a%2Fb:c", "rabbit", 5672, "guest", "guest", "a/b:c"},
        {"amqp://rabbit/%C3%A9", "rabbit", 5672, "guest", "guest", "\xC3\xA9"},
        {"amqp://me:word@rabbit:5673/events", "rabbit", 5673, "me", "word", "events"},
        {"amqp://me@rabbit", "rabbit", 5672, "me", "guest", "/"},
        {"amqp://me:@rabbit", "rabbit", 5672, "me", "", "/"},
        {"amqp://m%40e:%2F%40%3a%25%20@rabbit", "rabbit", 5672, "m@e", "/@:% ", "/"},
        {"amqp://me:a:b+c@rabbit", "rabbit", 5672, "me", "a:b+c", "/"},
        {"amqp://me:\xC3\xA9@rabbit", "rabbit", 5672, "me", "\xC3\xA9", "/"},
        {"amqp://10.0.0.1:5673", "10.0.0.1", 5673, "guest", "guest", "/"},
        {"amqp://[::1]", "::1", 5672, "guest", "guest", "/"},
        {"amqps://me:word@[2001:db8::1]:5673/x", "2001:db8::1", 5673, "me", "word", "x"},
    };

    for (const auto& each : cases) {
        const auto parsed = parse_amqp_uri(each.text);
        ASSERT_TRUE(parsed) << each.text;
        EXPECT_EQ(parsed->is_tls, std::string_view{each.text}.starts_with("amqps")) << each.text;
        EXPECT_EQ(parsed->host, each.host) << each.text;
        EXPECT_EQ(parsed->port, each.port) << each.text;
        EXPECT_EQ(parsed->user, each.user) << each.text;
        EXPECT_EQ(parsed->password.reveal(), each.password) << each.text;
        EXPECT_EQ(parsed->vhost, each.vhost) << each.text;
    }
}

TEST(AmqpUri, RefusesWhatIsNone) {
    for (const char* text : {
             "",
             "rabbit:5672",
             "http://rabbit",
             "AMQP://rabbit",
             "amqp:rabbit",
             "amqp://",
             "amqp:///vhost",
             "amqp://:5672",
             "amqp://me:word@",
             "amqp://me:word@/vhost",
             // A user is somebody.
             "amqp://@rabbit",
             "amqp://:word@rabbit",
             // Hosts and ports.
             "amqp://rabbit:0",
             "amqp://rabbit:65536",
             "amqp://rabbit:",
             "amqp://rabbit:-1",
             "amqp://rabbit:5672x",
             "amqp://rab_bit!",
             "amqp://rab%62it",
             "amqp://::1",
             "amqp://[::1",
             "amqp://[::1]5672",
             "amqp://[rabbit]",
             "amqp://[1.2.3.4]",
             "amqp://[::::]",
             "amqp://a,b",
             // A password that isn't encoded, which could be read in two ways.
             "amqp://me:wo@rd@rabbit",
             "amqp://me:wo/rd@rabbit",
             "amqp://me:12/34@rabbit",
             "amqp://me:wo#rd@rabbit",
             "amqp://me:wo?rd@rabbit",
             // Vhosts.
             "amqp://rabbit/a/b",
             "amqp://rabbit//",
             "amqp://rabbit/?heartbeat=5",
             "amqp://rabbit?heartbeat=5",
             "amqp://rabbit/x#part",
             // Percent-encoding.
             "amqp://me:%@rabbit",
             "amqp://me:%4@rabbit",
             "amqp://me:%4g@rabbit",
             "amqp://%zz:word@rabbit",
             "amqp://rabbit/%",
             "amqp://rabbit/%2",
             // Spaces and control characters, and what would become one.
             " amqp://rabbit",
             "amqp://rabbit\n",
             "amqp://rab bit",
             "amqp://me:wo\trd@rabbit",
             "amqp://rabbit/a b",
             "amqp://m%00e:word@rabbit",
             "amqp://me:wo%00rd@rabbit",
             "amqp://me:wo%7Frd@rabbit",
             "amqp://rabbit/a%0Ab",
         })
        EXPECT_FALSE(parse_amqp_uri(text)) << text;
    EXPECT_FALSE(parse_amqp_uri(std::string_view{"amqp://rabbit/\0", 15}));
}

TEST(AmqpUri, BoundsTheVhostByWhatTheProtocolCanSay) {
    EXPECT_TRUE(parse_amqp_uri("amqp://rabbit/" + std::string(255, 'v')));
    EXPECT_FALSE(parse_amqp_uri("amqp://rabbit/" + std::string(256, 'v')));
}

TEST(AmqpUri, IsShownWithoutUserAndPassword) {
    const struct {
        const char* text;
        const char* shown;
    } cases[]{
        {"amqp://rabbit", "amqp://rabbit:5672/%2F"},
        {"amqps://rabbit/", "amqps://rabbit:5671/"},
        {"amqps://me:word@[::1]:5673/ev-1_2.3~", "amqps://[::1]:5673/ev-1_2.3~"},
        {"amqp://me:word@rabbit/%C3%A9%20%2Fx:y", "amqp://rabbit:5672/%C3%A9%20%2Fx%3Ay"},
    };

    for (const auto& each : cases) {
        const auto parsed = parse_amqp_uri(each.text);
        ASSERT_TRUE(parsed) << each.text;
        EXPECT_EQ(shown(*parsed), each.shown);
        const auto again = parse_amqp_uri(shown(*parsed));
        ASSERT_TRUE(again) << each.text;
        EXPECT_EQ(again->vhost, parsed->vhost);
    }
}

} // namespace
} // namespace outreachd
