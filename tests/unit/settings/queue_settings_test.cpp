/// RabbitMQ and the roles of a host, as the configuration says them.
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view handed_on = "handlers: {say: {type: log}}\nroutes: [{match: a, to: [say]}]\n";

/// `keys` are those of `queue.amqp`, in braces or on lines of their own.
loaded load_amqp(const std::string& keys) {
    return parse_settings(std::string{least} + std::string{handed_on} +
                          "queue:\n  type: amqp\n  amqp: " + keys);
}

amqp_queue amqp_of(const loaded& from) {
    EXPECT_THAT(lines_of(from.errors), IsEmpty());
    EXPECT_EQ(from.settings.queue.type, queue_type::amqp);
    return from.settings.queue.amqp;
}

TEST(QueueSettings, NeedNoMoreThanAUri) {
    const loaded result = load_amqp("{uri: amqp://localhost}\n");
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    amqp_queue expected;
    expected.nodes.uris = {secret{"amqp://localhost"}};
    EXPECT_TRUE(amqp_of(result) == expected);
}

TEST(QueueSettings, TakeEveryKey) {
    const temporary_folder folder;
    const std::string pem = make_certificate().pem;
    const std::string ca = folder.write("ca.pem", pem);
    const std::string file = folder.write("uri", "amqps://me:2@b.example.com/v\n");
    folder.write("node", "amqps://me:3@c.example.com/v");
    const variable credentials{"CREDENTIALS_DIRECTORY", folder.path("")};
    const variable uri{"OUTREACHD_TEST_URI", "amqps://me:1@a.example.com/v"};
    const variable password{"OUTREACHD_TEST_PASSWORD", "4"};
    const loaded result = load_amqp("\n"
                                    "    uri:\n"
                                    "      - {env: OUTREACHD_TEST_URI}\n"
                                    "      - {file: " +
                                    file +
                                    "}\n"
                                    "      - {credential: node}\n"
                                    "      - amqps://me:${OUTREACHD_TEST_PASSWORD}@d.example.com/v\n"
                                    "    exchange: crm:events_2\n"
                                    "    prefix: \"7-a.B\"\n"
                                    "    partitions: 1024\n"
                                    "    queue_type: classic\n"
                                    "    ack: broker\n"
                                    "    ca: " +
                                    ca + "\n");
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    const amqp_queue read = amqp_of(result);
    EXPECT_EQ(read.nodes.uris,
              (std::vector{secret{"amqps://me:1@a.example.com/v"}, secret{"amqps://me:2@b.example.com/v"},
                           secret{"amqps://me:3@c.example.com/v"}, secret{"amqps://me:4@d.example.com/v"}}));
    EXPECT_EQ(read.nodes.ca, pem);
    EXPECT_EQ(read.exchange, "crm:events_2");
    EXPECT_EQ(read.prefix, "7-a.B");
    EXPECT_EQ(read.partitions, 1024U);
    EXPECT_EQ(read.kind, work_queue_kind::classic);
    EXPECT_EQ(read.ack, ack_after::broker);
}

TEST(QueueSettings, AreBounded) {
    const std::string uri = "uri: amqp://localhost, ";
    for (const char* key : {"exchange", "prefix"}) {
        const auto with = [&](std::size_t size) {
            return load_amqp("{" + uri + key + ": " + std::string(size, 'x') + "}\n").errors.size();
        };
        EXPECT_EQ(with(127), 0U) << key;
        EXPECT_EQ(with(128), 1U) << key;
    }
    EXPECT_EQ(amqp_of(load_amqp("{" + uri + "partitions: 1}\n")).partitions, 1U);
    std::string nodes = "amqp://127.0.0.1";
    for (int count = 2; count <= 16; ++count)
        nodes += ", amqp://127.0.0." + std::to_string(count);
    EXPECT_EQ(amqp_of(load_amqp("{uri: [" + nodes + "]}\n")).nodes.uris.size(), 16U);
    EXPECT_THAT(lines_of(load_amqp("{uri: [" + nodes + ", amqp://localhost]}\n").errors),
                ElementsAre(HasSubstr("queue.amqp.uri: more than 16 nodes")));
}

/// The exchange stands for itself, while the names of queues go on behind the prefix.
TEST(QueueSettings, KeepOutOfTheNamesOfRabbitMq) {
    const struct {
        const char* names;
        std::size_t errors;
    } cases[]{{"exchange: amq, prefix: amqx", 0},
              {"exchange: x.amq., prefix: AMQ", 0},
              {"exchange: amq.events", 1},
              {"prefix: amq", 1},
              {"prefix: amq.x", 1}};

    for (const auto& each : cases)
        EXPECT_EQ(load_amqp("{uri: amqp://localhost, " + std::string{each.names} + "}\n").errors.size(),
                  each.errors)
            << each.names;
}

TEST(QueueSettings, WarnOfAPasswordInTheFile) {
    const struct {
        const char* uri;
        bool is_warned_of;
    } cases[]{{"amqps://rabbit.example.com", false},
              {"amqps://me@rabbit.example.com:5671/v:w", false},
              {"amqps://me:s3cret@rabbit.example.com", true},
              {"amqps://me:@rabbit.example.com", true}};

    for (const auto& each : cases) {
        const loaded result = load_amqp("{uri: \"" + std::string{each.uri} + "\"}\n");
        EXPECT_THAT(lines_of(result.errors), IsEmpty()) << each.uri;
        if (each.is_warned_of)
            EXPECT_THAT(lines_of(result.warnings),
                        ElementsAre(HasSubstr("queue.amqp.uri: a secret stands in the file itself")))
                << each.uri;
        else
            EXPECT_THAT(lines_of(result.warnings), IsEmpty()) << each.uri;
    }
}

TEST(QueueSettings, WarnOfPasswordsInClear) {
    for (const char* uri :
         {"amqp://localhost", "amqp://127.1.2.3:5673/v", "amqp://[::1]/v", "amqps://rabbit.example.com"}) {
        const variable from{"OUTREACHD_TEST_URI", uri};
        EXPECT_THAT(lines_of(load_amqp("{uri: {env: OUTREACHD_TEST_URI}}\n").warnings), IsEmpty()) << uri;
    }
    for (const char* uri : {"amqp://rabbit.example.com", "amqp://10.0.0.1", "amqp://localhost.example.com"}) {
        const variable from{"OUTREACHD_TEST_URI", uri};
        EXPECT_THAT(
            lines_of(load_amqp("{uri: [{env: OUTREACHD_TEST_URI}]}\n").warnings),
            ElementsAre(HasSubstr(
                "queue.amqp.uri[0]: sends events, and the password, unencrypted; amqps:// would not")))
            << uri;
    }
}

TEST(QueueSettings, NeverShowAPassword) {
    for (const char* uri : {"http://me:s3cret@rabbit", "amqp://me:s3cret@rabbit:0", "amqp://me:s3cret",
                            "amqp://me:s3cret@rab bit", "amqp://me:%s3cret@rabbit", "me:s3cret@rabbit",
                            "amqp://me:s3cret@rabbit/v/w", "amqp://me:7/s3cret@rabbit", "s3cret"}) {
        const variable from{"OUTREACHD_TEST_URI", uri};
        for (const std::string& written :
             {std::string{"{env: OUTREACHD_TEST_URI}"}, "\"" + std::string{uri} + "\""}) {
            const loaded result = load_amqp("{uri: " + written + "}\n");
            EXPECT_EQ(result.errors.size(), 1U) << uri;
            for (const auto& found : {result.errors, result.warnings})
                for (const problem& one : found)
                    EXPECT_THAT(one.message, Not(HasSubstr("s3cret"))) << uri;
        }
    }
}

TEST(QueueSettings, MarkAUriThatOnlyTheServiceCanRead) {
    const loaded result = load_amqp("{uri: [{env: OUTREACHD_TEST_NOT_SET}, {file: /nonexistent/uri}]}\n");
    ASSERT_EQ(result.errors.size(), 2U);
    EXPECT_TRUE(result.errors[0].is_unreadable_secret);
    EXPECT_TRUE(result.errors[1].is_unreadable_secret);
}

TEST(QueueSettings, WarnOfCertificatesForNobody) {
    const temporary_folder folder;
    const std::string ca = folder.write("ca.pem", make_certificate().pem);
    EXPECT_THAT(lines_of(load_amqp("{uri: amqp://localhost, ca: " + ca + "}\n").warnings),
                ElementsAre(HasSubstr(
                    "queue.amqp.ca: has no effect, since 'uri' says amqp://; it goes with amqps://")));
    EXPECT_THAT(
        lines_of(load_amqp("{uri: [amqp://localhost, amqps://localhost], ca: " + ca + "}\n").warnings),
        IsEmpty());
}

/// Its nodes are those of handlers, which may have some without the queue.
TEST(QueueSettings, MayNameRabbitMqBesideTheEmbeddedQueue) {
    const loaded result = parse_settings(std::string{least} + std::string{handed_on} +
                                         "queue: {amqp: {uri: amqp://localhost, ack: broker}}\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings),
                ElementsAre("5:44: queue.amqp.ack: 'broker' has no effect with the embedded queue"));
    EXPECT_EQ(result.settings.queue.type, queue_type::embedded);
    EXPECT_EQ(result.settings.queue.amqp.nodes.uris, std::vector{secret{"amqp://localhost"}});
    EXPECT_THAT(lines_of(parse_settings(std::string{least} + "queue: {amqp: {partitions: 4}}\n").errors),
                IsEmpty());
}

constexpr const char* through_local_rabbitmq = "queue: {type: amqp, amqp: {uri: amqp://localhost}}\n";
constexpr const char* what_receives_and_works =
    "listen:\n"
    "  tls: {certificate: /nonexistent/c, private_key: /nonexistent/k}\n"
    "endpoints: [{path: /w, secrets: [{file: /nonexistent/secret}]}]\n"
    "handlers: {crm: {type: http, url: https://x/, sign: {secret: {env: OUTREACHD_TEST_NOT_SET}}}}\n"
    "routes: [{match: \"*\", where: .a, to: [crm]}]\n";

TEST(Roles, AreBothUnlessOneIsNamed) {
    const struct {
        const char* written;
        bool receives;
        bool works;
    } cases[]{{"", true, true},
              {"roles: [work, receive]\n", true, true},
              {"roles: [receive]\n", true, false},
              {"roles: [\"${OUTREACHD_TEST_NOT_SET:-work}\"]\n", false, true}};

    for (const auto& each : cases) {
        const loaded result =
            parse_settings(std::string{least} + through_local_rabbitmq + std::string{each.written});
        EXPECT_THAT(lines_of(result.errors), IsEmpty()) << each.written;
        EXPECT_EQ(result.settings.roles.receives, each.receives) << each.written;
        EXPECT_EQ(result.settings.roles.works, each.works) << each.written;
    }
}

TEST(Roles, LeaveAWorkerWithoutListenAndEndpoints) {
    const loaded result =
        parse_settings(std::string{through_local_rabbitmq} + std::string{handed_on} + "roles: [work]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    EXPECT_EQ(result.settings.handlers.size(), 1U);
}

TEST(Roles, LeaveAReceiverWithoutHandlersAndRoutes) {
    const loaded result = parse_settings(std::string{least} + through_local_rabbitmq + "roles: [receive]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    EXPECT_EQ(result.settings.endpoints.size(), 1U);
}

/// One file may serve all hosts, and none needs the files and secrets of another.
TEST(Roles, PassOverWhatTheyDoNotUse) {
    const loaded worker =
        parse_settings(std::string{what_receives_and_works} + through_local_rabbitmq + "roles: [work]\n");
    EXPECT_THAT(lines_of(worker.errors),
                ElementsAre(HasSubstr("the environment variable 'OUTREACHD_TEST_NOT_SET' is not set")));
    EXPECT_THAT(lines_of(worker.warnings),
                ElementsAre("2:3: listen: is not used here: 'roles' doesn't name 'receive'",
                            "3:12: endpoints: is not used here: 'roles' doesn't name 'receive'"));
    EXPECT_THAT(worker.settings.endpoints, IsEmpty());
    EXPECT_FALSE(worker.settings.listen.tls);

    std::size_t programs = 0;
    const loaded receiver =
        parse_settings(std::string{what_receives_and_works} + through_local_rabbitmq + "roles: [receive]\n",
                       scope::all, [&](const std::string&) {
                           ++programs;
                           return std::optional<std::string>{};
                       });
    EXPECT_THAT(lines_of(receiver.errors), ElementsAre(HasSubstr("can't read '/nonexistent/c'"),
                                                       HasSubstr("can't read '/nonexistent/k'"),
                                                       HasSubstr("can't read '/nonexistent/secret'")));
    EXPECT_THAT(lines_of(receiver.warnings),
                ElementsAre("4:11: handlers: is not used here: 'roles' doesn't name 'work'",
                            "5:9: routes: is not used here: 'roles' doesn't name 'work'"));
    EXPECT_THAT(receiver.settings.handlers, IsEmpty());
    EXPECT_THAT(receiver.settings.routes, IsEmpty());
    EXPECT_EQ(programs, 0U);
}

TEST(Roles, LeaveAWorkersAdminPortItsOwn) {
    const std::string text = "listen: {address: 127.0.0.1, port: 9464, tls: off}\n"
                             "endpoints: [{path: /w, unsigned: accept}]\n" +
                             std::string{through_local_rabbitmq};
    EXPECT_EQ(parse_settings(text + "roles: [receive]\n").errors.size(), 1U);
    EXPECT_EQ(parse_settings(text + "roles: [work]\n").errors.size(), 0U);
}

TEST(Roles, WarnOfAnAckThatNobodyGives) {
    const loaded result =
        parse_settings(std::string{handed_on} +
                       "queue: {type: amqp, amqp: {uri: amqp://localhost, ack: broker}}\nroles: [work]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings),
                ElementsAre("3:56: queue.amqp.ack: 'broker' has no effect on a host that doesn't receive"));
}

TEST(Roles, NeedRabbitMqBetweenThem) {
    for (const char* queue :
         {"", "queue: {}\n", "queue: {type: embedded}\n", "queue: {amqp: {uri: amqp://localhost}}\n",
          "queue: {type: embedded, amqp: {uri: amqp://localhost}}\n"})
        for (const char* roles : {"roles: [work]\n", "roles: [receive]\n"})
            EXPECT_THAT(lines_of(parse_settings(std::string{least} + queue + roles).errors),
                        ElementsAre(HasSubstr("roles: one role alone needs 'queue.type: amqp'")))
                << queue << roles;
    // Who has mistyped the type has not left it out, but who says `embedded` means it.
    for (const char* queue : {"queue: {typ: amqp}\n", "queue: {type: amqqp}\n", "queue: amqp\n"})
        EXPECT_EQ(parse_settings(std::string{least} + queue + "roles: [work]\n").errors.size(), 1U) << queue;
    EXPECT_EQ(
        parse_settings(std::string{least} + "queue: {type: embedded, amqp: {partitions: 0}}\nroles: [work]\n")
            .errors.size(),
        2U);
}

/// A missing section may be missing rightly.
TEST(Roles, ThatAreWrongAskForNothing) {
    for (const char* roles : {"roles: [wrok]\n", "roles: work\n", "roles: []\n", "roles: [work, work]\n"})
        EXPECT_EQ(parse_settings(through_local_rabbitmq + std::string{handed_on} + roles).errors.size(), 1U)
            << roles;
    EXPECT_EQ(parse_settings("listen: {}\nroles: [wrok]\n").errors.size(), 3U);
}

TEST(Roles, AreNothingToSend) {
    const loaded result = parse_settings(std::string{least} + "roles: [work]\nqueue: 5\n", scope::send);
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_EQ(result.settings.endpoints.size(), 1U);
}

} // namespace

} // namespace outreachd::settings::test
