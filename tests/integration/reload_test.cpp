/// SIGHUP, and certificates that are renewed: what applies while the daemon runs, and what doesn't.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/wire_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::size_t count_of(const std::string& what, const std::string& in) {
    std::size_t count = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + what.size()))
        ++count;
    return count;
}

/// Waits until the log has that line once more than `before`.
bool has_logged(const daemon_under_test& daemon, const std::string& what, std::size_t before = 0) {
    return eventually([&] { return count_of(what, daemon.log()) > before; });
}

/// SIGHUP, and waits until it was applied.
bool reload(const daemon_under_test& daemon) {
    const std::string line = "the configuration was loaded anew";
    const std::size_t before = count_of(line, daemon.log());
    daemon.signal(SIGHUP);
    return has_logged(daemon, line, before);
}

int status_of_post(wire_client& client, std::uint64_t number, std::string_view fields = {}) {
    return client.send(signed_post(numbered_body(number), fields)) ? client.read_answer().status : 0;
}

void replace_in_file(const std::string& path, const std::string& what, const std::string& by) {
    std::string text = read_file(path);
    const std::size_t at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what << " isn't in\n" << text;
    std::ofstream(path) << text.replace(at, what.size(), by);
}

const std::string to_missing = "{type: file, path: DIRECTORY/missing/gone.jsonl, retry: {max: 1s}}\n";

/// `out` gets everything, and so does `gone`, whose directory isn't there.
configuration with_gone() {
    configuration what;
    what.handlers += "  gone: " + to_missing;
    what.routes = "  - {match: \"*\", to: [out, gone]}\n";
    return what;
}

/// Waits until `count` deliveries to `gone` have failed and wait for their next attempt.
bool waits_for_gone(const daemon_under_test& daemon, int count) {
    const std::regex line("\ngone +0 +0 +" + std::to_string(count) + " +0 ");
    return eventually([&] { return std::regex_search(daemon.command({"status"}).out, line); });
}

TEST(Reload, AddsChangesAndRemovesHandlersAndRoutes) {
    daemon_under_test daemon(with_gone());
    daemon.start();
    wire_client client(daemon.port());
    const auto has = [&](const char* file, std::set<std::uint64_t> numbers) {
        return eventually([&] { return numbers_in(daemon.delivered(file)) == numbers; });
    };
    ASSERT_EQ(status_of_post(client, 1), 200);
    ASSERT_TRUE(has("out.jsonl", {1}));
    ASSERT_TRUE(waits_for_gone(daemon, 1));

    configuration next;
    next.handlers = "  out: {type: file, path: DIRECTORY/moved.jsonl}\n"
                    "  added: {type: file, path: DIRECTORY/added.jsonl}\n";
    next.routes = "  - {match: \"task.*\", to: [out, added]}\n";
    daemon.configure(next);
    ASSERT_TRUE(reload(daemon));
    EXPECT_EQ(daemon.metric("outreachd_deliveries_total{handler=\"added\",outcome=\"dead\"}"), 0);
    ASSERT_EQ(status_of_post(client, 2), 200) << "on the connection from before";
    EXPECT_TRUE(has("added.jsonl", {2}));
    EXPECT_TRUE(has("moved.jsonl", {2}));
    EXPECT_TRUE(has("out.jsonl", {1}));

    // What waits for the one that is gone is still there, and is seen, after a restart too.
    for (const bool has_restarted : {false, true}) {
        if (has_restarted) {
            EXPECT_EQ(daemon.stop(), 0);
            daemon.start();
        }
        EXPECT_TRUE(waits_for_gone(daemon, 1));
        EXPECT_THAT(daemon.command({"events", "list", "--state", "pending"}).out,
                    HasSubstr("task.completed"));
        EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    }

    next.handlers += "  gone: {type: file, path: DIRECTORY/gone.jsonl}\n";
    daemon.configure(next);
    ASSERT_TRUE(reload(daemon));
    EXPECT_TRUE(has("gone.jsonl", {1}));
    EXPECT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

TEST(Reload, LeavesWhatWaitsForARemovedHandlerToBeDiscarded) {
    daemon_under_test daemon(with_gone());
    daemon.start();
    wire_client client(daemon.port());
    for (std::uint64_t i = 1; i <= 3; ++i)
        ASSERT_EQ(status_of_post(client, i), 200);
    ASSERT_TRUE(waits_for_gone(daemon, 3));
    EXPECT_EQ(daemon.command({"dead", "discard", "--handler", "gone"}).out, "discarded 0 deliveries\n")
        << "it is configured, and may come to itself";
    daemon.configure({});
    ASSERT_TRUE(reload(daemon));
    ASSERT_TRUE(waits_for_gone(daemon, 3));
    EXPECT_TRUE(eventually([&] {
        return daemon.command({"dead", "discard", "--handler", "gone"}).out == "discarded 3 deliveries\n";
    })) << "once its workers have ended";
    EXPECT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.metric("outreachd_pending{handler=\"gone\"}"), 0);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

TEST(Reload, KeepsTheRunningConfigurationWhereTheFileIsBroken) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_EQ(status_of_post(client, 1), 200);
    configuration next;
    next.secrets = "[another]";
    next.handlers = "  other: {type: file, path: DIRECTORY/other.jsonl}\n";
    next.routes = "  - {match: \"*\", to: [other]}\n";
    next.rest = "nonsense: 1\n";
    daemon.configure(next);
    const auto line = static_cast<std::size_t>(std::ranges::count(read_file(daemon.config_path()), '\n'));
    daemon.signal(SIGHUP);
    ASSERT_TRUE(has_logged(daemon, daemon.config_path() + ":" + std::to_string(line) + ":1: "));
    EXPECT_THAT(daemon.log(), HasSubstr("the configuration can't be loaded anew; the running one goes on"));
    EXPECT_EQ(status_of_post(client, 2), 200) << "the old secret holds";
    EXPECT_TRUE(daemon.drained());
    EXPECT_EQ(numbers_in(daemon.delivered()), (std::set<std::uint64_t>{1, 2}));

    std::filesystem::remove(daemon.config_path());
    daemon.signal(SIGHUP);
    EXPECT_TRUE(has_logged(daemon, daemon.config_path() + ": "));
    EXPECT_EQ(status_of_post(client, 3), 200);
    EXPECT_THAT(daemon.log(), Not(HasSubstr("was loaded anew")));

    daemon.configure({});
    EXPECT_TRUE(reload(daemon)) << "and it can be mended";
}

TEST(Reload, NamesWhatNeedsARestartAndKeepsItsOldValue) {
    daemon_under_test daemon;
    daemon.start();
    configuration next;
    next.store_directory = "DIRECTORY/elsewhere";
    next.rest = "log: {format: json}\n";
    daemon.configure(next);
    const test_servers::claimed_port other_port;
    const test_servers::claimed_port other_admin_port;
    replace_in_file(daemon.config_path(), "port: " + std::to_string(daemon.port()),
                    "port: " + std::to_string(other_port.number()));
    replace_in_file(daemon.config_path(), "port: " + std::to_string(daemon.admin_port()),
                    "port: " + std::to_string(other_admin_port.number()));
    for (std::size_t i = 0; i < 2; ++i) { // as often as it is loaded
        ASSERT_TRUE(reload(daemon));
        for (const char* const key : {"key=listen.port", "key=store", "key=admin", "key=log.format"})
            EXPECT_EQ(count_of(key, daemon.log()), i + 1) << key;
    }
    EXPECT_EQ(count_of("needs a restart", daemon.log()), 8U);
    wire_client client(daemon.port());
    EXPECT_EQ(status_of_post(client, 1), 200);
    EXPECT_FALSE(wire_client(other_port.number()).is_connected());
    EXPECT_FALSE(wire_client(other_admin_port.number(), wire_client::transport::plain).is_connected());
    EXPECT_TRUE(daemon.drained());
    EXPECT_FALSE(std::filesystem::exists(daemon.directory().at("elsewhere")));
}

TEST(Reload, MakesEventsOfWhatIsInQuarantineWhenTheSecretsChange) {
    configuration wrong;
    wrong.secrets = "[mistyped]";
    daemon_under_test daemon(wrong);
    daemon.start();
    wire_client client(daemon.port());
    for (std::uint64_t i = 1; i <= 3; ++i)
        ASSERT_EQ(status_of_post(client, i), 401);
    ASSERT_TRUE(eventually([&] { return daemon.metric("outreachd_quarantined") == 3; }));
    EXPECT_THAT(daemon.command({"quarantine", "list"}).out, HasSubstr("/webhooks/outreach"));
    EXPECT_THAT(daemon.command({"quarantine", "show", "2"}).out, HasSubstr(numbered_body(2)));
    EXPECT_EQ(daemon.command({"quarantine", "discard", "3"}).out, "discarded request 3\n");
    EXPECT_EQ(daemon.command({"quarantine", "recheck"}).out, "0 requests are events now; 2 are left\n");

    // What comes out of quarantine goes by the routes of the new file.
    configuration right;
    right.secrets = "[mistyped, foo]";
    right.handlers = "  later: {type: file, path: DIRECTORY/later.jsonl}\n";
    right.routes = "  - {match: \"*\", to: [later]}\n";
    daemon.configure(right);
    ASSERT_TRUE(reload(daemon));
    EXPECT_EQ(status_of_post(client, 4), 200) << "on the connection from before";
    EXPECT_TRUE(eventually([&] {
        return numbers_in(daemon.delivered("later.jsonl")) == (std::set<std::uint64_t>{1, 2, 4});
    }));
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_quarantined") == 0; }));
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

TEST(Reload, AddsAndRemovesEndpoints) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    const auto status_at = [&](const std::string& path) {
        std::string request = signed_post(numbered_body(1));
        request.replace(request.find("/webhooks/outreach"), 18, path);
        return client.send(request) ? client.read_answer().status : 0;
    };
    EXPECT_EQ(status_at("/second"), 404);
    replace_in_file(daemon.config_path(), "- path: /webhooks/outreach", "- path: /second");
    const auto accepted_at = [&](const std::string& path) {
        return daemon.metric("outreachd_requests_total{endpoint=\"" + path + "\",outcome=\"accepted\"}");
    };
    EXPECT_EQ(accepted_at("/webhooks/outreach"), 0) << "it counts from zero, from the start on";
    ASSERT_TRUE(reload(daemon));
    EXPECT_EQ(accepted_at("/second"), 0) << "or from the reload that brought it";
    EXPECT_EQ(status_at("/second"), 200);
    EXPECT_EQ(status_at("/webhooks/outreach"), 404);
}

TEST(Reload, AppliesTheLogLevel) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post("x", "Outreach-Webhook-Signature: twice\r\n")));
    ASSERT_EQ(client.read_answer().status, 401);
    configuration talkative;
    talkative.rest = "log: {level: debug}\n";
    daemon.configure(talkative);
    ASSERT_TRUE(reload(daemon));
    EXPECT_THAT(daemon.log(), Not(HasSubstr("request refused")));
    ASSERT_TRUE(client.send(signed_post("x", "Outreach-Webhook-Signature: twice\r\n")));
    ASSERT_EQ(client.read_answer().status, 401);
    EXPECT_TRUE(has_logged(daemon, "request refused"));
}

/// Every handler and route is another one each time.
TEST(Reload, DropsNoConnectionAndLosesAndRepeatsNoDelivery) {
    daemon_under_test daemon;
    daemon.start();
    load stream({.port = daemon.port(), .connections = 8, .pause = 2ms});
    ASSERT_TRUE(eventually([&] { return stream.acked_so_far() > 50; }));
    for (int i = 0; i < 20; ++i) {
        configuration next;
        next.handlers =
            "  out: {type: file, path: DIRECTORY/out.jsonl, concurrency: " + std::to_string(1 + i % 3) +
            "}\n  extra: {type: file, path: DIRECTORY/extra" + std::to_string(i % 2) + ".jsonl}\n";
        next.routes = i % 2 == 0 ? "  - {match: \"*\", to: [out]}\n  - {match: task.*, to: [extra]}\n"
                                 : "  - {match: [\"task.*\", \"*\"], to: [out, extra]}\n";
        daemon.configure(next);
        const std::uint64_t before = stream.acked_so_far();
        ASSERT_TRUE(reload(daemon)) << i;
        ASSERT_TRUE(eventually([&] { return stream.acked_so_far() > before + 20; })) << i;
    }
    const load_tally tally = stream.stop();
    EXPECT_EQ(tally.without_answer, 0U);
    EXPECT_EQ(tally.wrong_status, 0U);
    EXPECT_EQ(tally.acked.size(), tally.sent);
    ASSERT_TRUE(daemon.drained());
    const auto delivered = daemon.delivered();
    EXPECT_EQ(numbers_in(delivered), tally.acked);
    for (const auto& [id, lines] : delivered)
        EXPECT_EQ(lines.size(), 1U) << id << " was delivered twice";
    auto extra = daemon.delivered("extra0.jsonl");
    for (const auto& [id, lines] : daemon.delivered("extra1.jsonl"))
        extra[id].insert(extra[id].end(), lines.begin(), lines.end());
    EXPECT_GT(extra.size(), 0U);
    for (const auto& [id, lines] : extra)
        EXPECT_EQ(lines.size(), 1U) << id << " was delivered twice";
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_EQ(daemon.metric("outreachd_refused_genuine_total"), 0);
}

/// A pair of PEM files in the daemon's directory.
void make_pair(const daemon_under_test& daemon, const std::string& name, int days) {
    const auto made =
        run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", daemon.directory().at(name + ".key"), "-out",
                     daemon.directory().at(name), "-days", std::to_string(days), "-subj", "/CN=localhost"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
}

void rename_in(const daemon_under_test& daemon, const std::string& from, const std::string& to) {
    std::filesystem::rename(daemon.directory().at(from), daemon.directory().at(to));
}

/// Whether a new connection gets the certificate of that file.
bool is_served(const daemon_under_test& daemon, const std::string& name) {
    const std::string served =
        run_program({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(daemon.port())}).out;
    const std::string file = read_file(daemon.directory().at(name));
    return !file.empty() && served.find(file) != std::string::npos;
}

/// Design: within 5 s; the rest is for a loaded machine.
constexpr auto renewed_within = 8s;

TEST(Certificate, IsTakenUpByItselfWhenItIsRenewed) {
    daemon_under_test daemon;
    daemon.start();
    ASSERT_TRUE(is_served(daemon, "cert.pem"));
    wire_client kept(daemon.port());
    ASSERT_EQ(status_of_post(kept, 1), 200);
    make_pair(daemon, "renewed", 30);
    // As a tool does that doesn't know of us: one file after the other.
    rename_in(daemon, "renewed", "cert.pem");
    ASSERT_TRUE(has_logged(daemon, "can't be used; the old ones go on")) << "the key isn't there yet";
    EXPECT_EQ(status_of_post(kept, 2), 200);
    wire_client meanwhile(daemon.port());
    EXPECT_TRUE(meanwhile.is_connected());
    rename_in(daemon, "renewed.key", "key.pem");
    EXPECT_TRUE(eventually([&] { return is_served(daemon, "cert.pem"); }, renewed_within));
    EXPECT_THAT(daemon.log(), HasSubstr("the certificate was renewed"));
    EXPECT_GT(daemon.metric("outreachd_certificate_expiry_seconds"), 29 * 24 * 3600);
    EXPECT_EQ(status_of_post(kept, 3), 200) << "the connection goes on";
}

TEST(Certificate, StaysWhereANewOneIsBroken) {
    daemon_under_test daemon;
    daemon.start();
    std::filesystem::copy_file(daemon.directory().at("cert.pem"), daemon.directory().at("first"));
    std::ofstream(daemon.directory().at("cert.pem")) << "no certificate\n";
    ASSERT_TRUE(has_logged(daemon, "can't be used; the old ones go on"));
    EXPECT_TRUE(is_served(daemon, "first"));
    const std::size_t refused = count_of("the running one goes on", daemon.log());
    daemon.signal(SIGHUP); // nor by a reload
    ASSERT_TRUE(has_logged(daemon, "the running one goes on", refused));
    EXPECT_TRUE(is_served(daemon, "first"));
    wire_client client(daemon.port());
    EXPECT_EQ(status_of_post(client, 1), 200);
}

TEST(Certificate, IsTakenUpThoughAReloadFailedMeanwhile) {
    daemon_under_test daemon;
    daemon.start();
    make_pair(daemon, "renewed", 30);
    rename_in(daemon, "renewed.key", "key.pem");
    rename_in(daemon, "renewed", "cert.pem");
    configuration broken;
    broken.rest = "nonsense: 1\n";
    daemon.configure(broken);
    daemon.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return is_served(daemon, "cert.pem"); }, renewed_within));
}

TEST(Certificate, OfOtherFilesComesWithAReload) {
    daemon_under_test daemon;
    daemon.start();
    make_pair(daemon, "other", 30);
    replace_in_file(daemon.config_path(), "cert.pem", "other");
    replace_in_file(daemon.config_path(), "key.pem", "other.key");
    ASSERT_TRUE(reload(daemon));
    EXPECT_TRUE(is_served(daemon, "other"));
    // From then on those are looked at.
    make_pair(daemon, "renewed", 60);
    rename_in(daemon, "renewed.key", "other.key");
    rename_in(daemon, "renewed", "other");
    EXPECT_TRUE(eventually([&] { return is_served(daemon, "other"); }, renewed_within));
}

} // namespace
} // namespace outreachd::tests
