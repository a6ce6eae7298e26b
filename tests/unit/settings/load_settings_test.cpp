#include "daemon/settings/load_settings.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(LoadSettings, SaysWhyTheFileItselfCannotBeRead) {
    const temporary_folder folder;
    const auto only_line = [](const std::string& path) {
        const loaded result = load_settings(path);
        return result.errors.size() == 1 ? to_text(result.errors[0], path) : "not one error";
    };
    const std::string missing = folder.path("missing.yaml");
    EXPECT_EQ(only_line(missing), missing + ": can't be read: No such file or directory");
    EXPECT_EQ(only_line(folder.path("")), folder.path("") + ": can't be read: it is a directory");
    EXPECT_EQ(only_line("/dev/zero"), "/dev/zero: can't be read: it is over 1048576 bytes");
    const std::string empty = folder.write("empty.yaml", "");
    EXPECT_EQ(only_line(empty),
              empty + ":1:1: the file is empty; it needs at least 'listen' and 'endpoints'");
}

TEST(LoadSettings, TakesTheLeastThatIsNeeded) {
    const loaded result = parse_settings(std::string{least});
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings),
                ElementsAre("1:1: routes: there is none, so every event will end unrouted"));
    EXPECT_EQ(result.settings.listen.address, "127.0.0.1");
    EXPECT_FALSE(result.settings.listen.tls);
    ASSERT_EQ(result.settings.endpoints.size(), 1U);
    EXPECT_EQ(result.settings.endpoints[0].path, "/w");
    EXPECT_EQ(result.settings.endpoints[0].unsigned_requests, unsigned_policy::accept);
}

TEST(LoadSettings, ReadsEveryKey) {
    const variable token{"OUTREACHD_TEST_TOKEN", "token"};
    const variable status{"OUTREACHD_TEST_STATUS", "255"};
    const loaded result = parse_settings(R"(
listen:
  address: 0.0.0.0
  port: 0
  tls: off
  plaintext: true
  limits: {headers: 1KiB, body: 512MiB, connections: 1, handshake_timeout: 1ms, header_timeout: 2s,
           body_timeout: 3m, idle_timeout: 4h}
endpoints:
  - {path: /a, source: urn:a, secrets: [{env: OUTREACHD_TEST_TOKEN}], dedup_window: 1d, quarantine: 0}
  - {path: /b, unsigned: accept, quarantine: 1B}
store:
  directory: /srv
  retention: {done: 1d, unrouted: 2d, dead: 3d, size: 1MiB}
queue: {type: embedded}
handlers:
  a_-1: {type: log, level: warn, message: "it's here", concurrency: 256, timeout: 1m, ordering: none,
         retry: {attempts: 1, initial: 2s, factor: 1.5, max: 2s, jitter: 0}}
  B: {type: file, path: /x/y.jsonl, fsync: true, concurrency: 1, retry: {jitter: 1, factor: 1}}
  C: {type: exec, command: [/bin/sh, -c, "echo ${{ .data.id }}\n", "", 5], cwd: /, env: {A: "", B: 5, C: "${{ .data }}"},
      stdin: "", dead_on: [1, "${OUTREACHD_TEST_STATUS}"]}
  D: {type: exec, command: [sh]}
routes:
  - {match: "*", to: [B, C, D]}
  - {match: [a.b, "c.*"], to: [a_-1, B]}
roles: [work, receive]
shutdown_timeout: 1s
admin: {address: "::", port: 65535, token: {env: OUTREACHD_TEST_TOKEN}, hosts: [a.example.com, "b:80"]}
log: {level: error, format: json}
)");
    ASSERT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    const settings& read = result.settings;
    EXPECT_EQ(read.listen.address, "0.0.0.0");
    EXPECT_EQ(read.listen.port, 0);
    EXPECT_TRUE(read.listen.plaintext);
    EXPECT_EQ(read.listen.limits.headers_bytes_max, 1024U);
    EXPECT_EQ(read.listen.limits.body_bytes_max, 512U << 20U);
    EXPECT_EQ(read.listen.limits.connections_max, 1U);
    EXPECT_EQ(read.listen.limits.handshake_timeout, 1ms);
    EXPECT_EQ(read.listen.limits.header_timeout, 2s);
    EXPECT_EQ(read.listen.limits.body_timeout, 3min);
    EXPECT_EQ(read.listen.limits.idle_timeout, 4h);
    ASSERT_EQ(read.endpoints.size(), 2U);
    EXPECT_EQ(read.endpoints[0].source, "urn:a");
    ASSERT_EQ(read.endpoints[0].secrets.size(), 1U);
    EXPECT_EQ(read.endpoints[0].secrets[0].reveal(), "token");
    EXPECT_EQ(read.endpoints[0].unsigned_requests, unsigned_policy::reject);
    EXPECT_EQ(read.endpoints[0].dedup_window, 24h);
    EXPECT_EQ(read.endpoints[0].quarantine_bytes_max, 0U);
    EXPECT_EQ(read.endpoints[1].quarantine_bytes_max, 1U);
    EXPECT_EQ(read.store.directory, "/srv");
    EXPECT_EQ(read.store.retention.done, 24h);
    EXPECT_EQ(read.store.retention.unrouted, 48h);
    EXPECT_EQ(read.store.retention.dead, 72h);
    EXPECT_EQ(read.store.retention.size_bytes_max, 1U << 20U);
    ASSERT_EQ(read.handlers.size(), 4U);
    EXPECT_EQ(read.handlers[0].name, "a_-1");
    EXPECT_EQ(std::get<log_handler>(read.handlers[0].type).level, "warn");
    EXPECT_EQ(std::get<log_handler>(read.handlers[0].type).message, "it's here");
    EXPECT_EQ(read.handlers[0].concurrency, 256U);
    EXPECT_EQ(read.handlers[0].timeout, 1min);
    EXPECT_EQ(read.handlers[0].ordering, ordering::none);
    EXPECT_EQ(read.handlers[0].retry.attempts_max, 1U);
    EXPECT_EQ(read.handlers[0].retry.initial, 2s);
    EXPECT_EQ(read.handlers[0].retry.factor, 1.5);
    EXPECT_EQ(read.handlers[0].retry.max, 2s);
    EXPECT_EQ(read.handlers[0].retry.jitter, 0.0);
    EXPECT_EQ(std::get<file_handler>(read.handlers[1].type).path, "/x/y.jsonl");
    EXPECT_TRUE(std::get<file_handler>(read.handlers[1].type).fsync);
    EXPECT_EQ(read.handlers[1].ordering, ordering::resource);
    const auto& program = std::get<exec_handler>(read.handlers[2].type);
    EXPECT_THAT(program.command, ElementsAre("/bin/sh", "-c", "echo ${{ .data.id }}\n", "", "5"));
    EXPECT_EQ(program.cwd, "/");
    ASSERT_EQ(program.env.size(), 3U);
    EXPECT_EQ(program.env[0].name + '=' + program.env[0].value, "A=");
    EXPECT_EQ(program.env[1].name + '=' + program.env[1].value, "B=5");
    EXPECT_EQ(program.env[2].name + '=' + program.env[2].value, "C=${{ .data }}");
    EXPECT_EQ(program.stdin_text, "");
    EXPECT_THAT(program.dead_on, ElementsAre(1, 255));
    const auto& least_program = std::get<exec_handler>(read.handlers[3].type);
    EXPECT_EQ(least_program.stdin_text, std::nullopt);
    EXPECT_EQ(least_program.cwd, "");
    ASSERT_EQ(read.routes.size(), 2U);
    EXPECT_THAT(read.routes[0].match, ElementsAre("*"));
    EXPECT_THAT(read.routes[1].match, ElementsAre("a.b", "c.*"));
    EXPECT_THAT(read.routes[1].to, ElementsAre("a_-1", "B"));
    EXPECT_EQ(read.shutdown_timeout, 1s);
    EXPECT_EQ(read.admin.address, "::");
    EXPECT_EQ(read.admin.port, 65'535);
    EXPECT_EQ(read.admin.token.reveal(), "token");
    EXPECT_THAT(read.admin.hosts, ElementsAre("a.example.com", "b:80"));
    EXPECT_EQ(read.log.level, "error");
    EXPECT_EQ(read.log.format, "json");
}

TEST(LoadSettings, TakesNumbersAndFlagsFromVariablesInQuotesToo) {
    const variable port{"OUTREACHD_TEST_PORT", "8080"};
    const variable flag{"OUTREACHD_TEST_FLAG", "true"};
    const loaded result =
        parse_settings("listen: {address: 127.0.0.1, port: \"${OUTREACHD_TEST_PORT}\", tls: off, "
                       "plaintext: \"${OUTREACHD_TEST_FLAG}\"}\n"
                       "endpoints: [{path: /w, unsigned: accept}]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_EQ(result.settings.listen.port, 8080);
    EXPECT_TRUE(result.settings.listen.plaintext);
}

TEST(LoadSettings, TakesADefaultInQuotesForANumber) {
    const loaded result =
        parse_settings("listen: {address: 127.0.0.1, port: \"${OUTREACHD_TEST_NOT_SET:-9443}\", tls: off}\n"
                       "endpoints: [{path: /w, unsigned: accept}]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_EQ(result.settings.listen.port, 9443);
}

TEST(LoadSettings, DoesNotLetAVariableAddKeys) {
    const variable level{"OUTREACHD_TEST_LEVEL", "info\nformat: json"};
    const loaded result = parse_settings(std::string{least} + "log: {level: \"${OUTREACHD_TEST_LEVEL}\"}\n");
    EXPECT_THAT(lines_of(result.errors),
                ElementsAre("3:14: log.level: 'info\\x0Aformat: json' is not debug, info, warn or error"));
}

TEST(LoadSettings, WarnsOfWhatIsAllowedAndOdd) {
    const temporary_folder folder;
    const certificate made = make_certificate(validity::over);
    const std::string chain = folder.write("c.pem", made.pem);
    const loaded result = parse_settings("listen:\n"
                                         "  plaintext: true\n"
                                         "  tls:\n"
                                         "    certificate: " +
                                         chain +
                                         "\n"
                                         "    private_key: " +
                                         folder.write("k.pem", made.key_pem) +
                                         "\n"
                                         "endpoints: [{path: /w, unsigned: accept}]\n"
                                         "handlers: {used: {type: log}, idle: {type: log}}\n"
                                         "routes: [{match: a, to: [used]}]\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(
        lines_of(result.warnings),
        ElementsAre("2:14: listen.plaintext: has no effect beside certificate and private_key; it goes with "
                    "'tls: off'",
                    testing::AllOf(testing::StartsWith("4:18: listen.tls.certificate: '"),
                                   testing::HasSubstr(" expired on ")),
                    "7:31: handlers.idle: no route names it, so it will get no event"));
}

TEST(LoadSettings, WarnsOfAProgramThatCanNotBeRunNow) {
    const temporary_folder folder;
    const std::string plain = folder.write("plain", "#!/bin/sh\n");
    const loaded result =
        parse_settings(std::string{least} +
                       "handlers:\n"
                       "  absent: {type: exec, command: [/nonexistent/sync]}\n"
                       "  plain: {type: exec, command: [\"" +
                       plain +
                       "\"]}\n"
                       "  named: {type: exec, command: [sync-crm], env: {PATH: /nonexistent}}\n"
                       "  there: {type: exec, command: [sh], cwd: /nonexistent}\n"
                       "routes: [{match: \"*\", to: [absent, plain, named, there]}]\n");
    const std::string till_then = "; until it can, deliveries fail and are tried again";
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(
        lines_of(result.warnings),
        ElementsAre(
            "4:34: handlers.absent.command: '/nonexistent/sync' can't be run now: No such file or directory" +
                till_then,
            testing::AllOf(testing::StartsWith("5:33: handlers.plain.command: '"),
                           testing::EndsWith(" can't be run now: Permission denied" + till_then)),
            "6:33: handlers.named.command: 'sync-crm' can't be run now: No such file or directory in PATH, "
            "'/nonexistent'" +
                till_then,
            "7:43: handlers.there.cwd: '/nonexistent' is not a directory now; until it is, deliveries fail "
            "and "
            "are tried again"));
}

TEST(LoadSettings, AllowsTlsOffOnLoopbackOrWhenPlaintextIsMeant) {
    const struct {
        const char* listen;
        bool is_allowed;
    } cases[] = {
        {"{address: 127.0.0.1, tls: off}", true},     {"{address: \"::1\", tls: off}", true},
        {"{address: 10.0.0.1, tls: off}", false},     {"{tls: off}", false},
        {"{tls: off, plaintext: true}", true},        {"{tls: off, plaintext: false}", false},
        {"{address: 127.0.0.1, tls: \"off\"}", true}, {"{address: 127.0.0.1, plaintext: true}", false},
    };

    for (const auto& [listen, is_allowed] : cases) {
        const std::string text =
            "listen: " + std::string{listen} + "\nendpoints: [{path: /w, unsigned: accept}]\n";
        for (const scope part : {scope::all, scope::send})
            EXPECT_EQ(parse_settings(text, part).errors.empty(), is_allowed) << listen;
    }
}

TEST(LoadSettings, ComparesPortsOnlyWhereAddressesMeet) {
    const struct {
        const char* listen;
        const char* admin;
        bool is_allowed;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", false},
        {"127.0.0.2", "127.0.0.1", true},
        {"::1", "127.0.0.1", true},
    };

    for (const auto& [listen, admin, is_allowed] : cases) {
        const std::string text = "listen: {address: \"" + std::string{listen} +
                                 "\", port: 9464, tls: off}\nendpoints: [{path: /w, unsigned: accept}]\n"
                                 "admin: {address: " +
                                 admin + "}\n";
        EXPECT_EQ(parse_settings(text).errors.empty(), is_allowed) << listen << ' ' << admin;
    }
    EXPECT_TRUE(parse_settings("listen: {address: 127.0.0.1, port: 0, tls: off}\n"
                               "endpoints: [{path: /w, unsigned: accept}]\nadmin: {port: 0}\n")
                    .errors.empty());
}

constexpr const char* only_listen_is_right =
    "listen:\n"
    "  tls: {certificate: /nonexistent/c, private_key: /nonexistent/k}\n"
    "endpoints: [{path: /w, unsigned: accept}]\n"
    "admin: {port: 1, token: {file: /nonexistent/token}}\n"
    "routes: 5\n"
    "store: ${OUTREACHD_TEST_NOT_SET}\n"
    "unknown: 1\n"
    "unknown: 2\n";

TEST(LoadSettings, JudgesOnlyWhatSendUses) {
    const loaded result = parse_settings(only_listen_is_right, scope::send);
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    ASSERT_TRUE(result.settings.listen.tls);
    EXPECT_EQ(result.settings.listen.tls->certificate, "/nonexistent/c");
    EXPECT_EQ(result.settings.endpoints.size(), 1U);
    EXPECT_EQ(parse_settings(only_listen_is_right).errors.size(), 7U);
}

TEST(LoadSettings, JudgesOnlyWhatTheAdminApiUses) {
    EXPECT_THAT(
        lines_of(parse_settings(only_listen_is_right, scope::admin_api).errors),
        ElementsAre("4:32: admin.token.file: can't read '/nonexistent/token': No such file or directory"));
    const loaded result = parse_settings("admin: {port: 1, hosts: [x]}\nlisten: 5\n", scope::admin_api);
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_EQ(result.settings.admin.port, 1);
    EXPECT_THAT(lines_of(parse_settings("admin: {prt: 1}\nadmin: {}\n", scope::admin_api).errors),
                ElementsAre("1:9: admin: unknown key 'prt'; did you mean 'port'?",
                            "2:1: 'admin' is given twice, first in line 1"));
    EXPECT_THAT(lines_of(parse_settings("admin: {port: 1\n", scope::admin_api).errors).size(), 1U);
}

TEST(LoadSettings, NeedsEndpointsToSend) {
    EXPECT_THAT(lines_of(parse_settings("listen: {address: 127.0.0.1, tls: off}\n", scope::send).errors),
                ElementsAre("1:1: endpoints: is missing; give at least one, with path and secrets"));
}

TEST(LoadSettings, SaysNoMoreOfARouteToAHandlerThatIsWrongItself) {
    EXPECT_THAT(lines_of(parse_settings(std::string{least} + "handlers: {a: {type: carrier-pigeon}}\n"
                                                             "routes: [{match: x, to: [a]}]\n")
                             .errors),
                ElementsAre("3:22: handlers.a.type: unknown handler type 'carrier-pigeon'; known are log, "
                            "file, http, exec, amqp, outreach"));
}

TEST(LoadSettings, WarnsOfAStoreThatDependsOnWhereItIsStarted) {
    const std::string here = std::filesystem::current_path().string();
    const auto warnings_of = [](const std::string& directory) {
        const loaded result = parse_settings(std::string{least} +
                                             "routes: [{match: x, to: [a]}]\nhandlers: {a: {type: log}}\n"
                                             "store: {directory: " +
                                             directory + "}\n");
        EXPECT_THAT(lines_of(result.errors), IsEmpty());
        return lines_of(result.warnings);
    };
    for (const char* const directory : {"data/../store", "./store"})
        EXPECT_THAT(warnings_of(directory),
                    ElementsAre("5:20: store.directory: '" + std::string{directory} +
                                "' is relative to the directory that outreachd is started in, and is '" +
                                here + "/store' now; started elsewhere it finds other events, or none"));
    EXPECT_THAT(warnings_of("/var/lib/outreachd"), IsEmpty());
}

TEST(LoadSettings, BoundsHandlerNames) {
    const auto errors_with = [](const std::string& name) {
        return parse_settings(std::string{least} + "handlers: {" + name + ": {type: log}}\n").errors.size();
    };
    EXPECT_EQ(errors_with(std::string(64, 'a')), 0U);
    EXPECT_EQ(errors_with(std::string(65, 'a')), 1U);
    for (const char* name : {"\"\"", "a.b", "a/b", "é", "\"a b\"", "~", "[a]"})
        EXPECT_EQ(errors_with(name), 1U) << name;
}

} // namespace

} // namespace outreachd::settings::test
