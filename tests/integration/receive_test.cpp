/// The main line, end to end: a genuine event is durable before it is answered, and reaches its handler.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"
#include "tests/samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string post(std::string_view body, std::string_view signature, std::string_view fields = {}) {
    return "POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nOutreach-Webhook-Signature: " +
           std::string(signature) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(fields) + "\r\n" + std::string(body);
}

/// The first text of that name in a line.
std::string member_of(const std::string& line, const std::string& name) {
    const std::string opening = "\"" + name + "\":\"";
    const std::size_t begin = line.find(opening) + opening.size();
    return line.substr(begin, line.find('"', begin) - begin);
}

TEST(Receive, TakesEverySampleOnceByteForByte) {
    daemon_under_test daemon;
    daemon.start();
    const auto samples = load_samples();
    ASSERT_EQ(samples.size(), 36U);
    wire_client client(daemon.port());
    for (const sample& one : samples) {
        ASSERT_TRUE(client.send(post(one.body, one.signature, "Content-Type: application/vnd.api+json\r\n")));
        const answer got = client.read_answer();
        EXPECT_EQ(got.status, 200) << one.file;
        EXPECT_EQ(got.body, "") << one.file;
    }
    ASSERT_TRUE(daemon.drained());
    const auto delivered = daemon.delivered();
    EXPECT_EQ(delivered.size(), samples.size());
    std::multiset<std::string> expected;
    for (const sample& one : samples)
        expected.insert(one.name + " " + one.resource_id);
    std::multiset<std::string> found;
    for (const auto& [id, lines] : delivered) {
        EXPECT_EQ(lines.size(), 1U) << id;
        found.insert(member_of(lines.front(), "name") + " " + member_of(lines.front(), "resource_id"));
    }
    EXPECT_EQ(found, expected);
    // Byte for byte, white space included: `events show` has the body as it came.
    int byte_for_byte = 0;
    for (const auto& [id, ignored] : delivered) {
        const std::string story = daemon.command({"events", "show", id, "--json"}).out;
        for (const sample& one : samples) {
            std::string escaped;
            for (const char c : one.body)
                c == '"' || c == '\\' ? (escaped += '\\', escaped += c)
                : c == '\n'           ? escaped += "\\n"
                                      : escaped += c;
            byte_for_byte += story.find("\"body\":\"" + escaped + "\"") != std::string::npos ? 1 : 0;
        }
    }
    EXPECT_EQ(byte_for_byte, 36);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_EQ(daemon.metric("outreachd_refused_genuine_total"), 0);
}

TEST(Receive, RefusesEverySampleWithOneBitChanged) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    std::size_t at = 0;
    for (sample one : load_samples()) {
        at = (at * 31 + 17) % one.body.size();
        one.body[at] = static_cast<char>(one.body[at] ^ 1);
        ASSERT_TRUE(client.send(post(one.body, one.signature)));
        EXPECT_EQ(client.read_answer().status, 401) << one.file;
    }
    EXPECT_TRUE(daemon.delivered().empty());
    // Counted once the answer is on its way.
    EXPECT_TRUE(eventually([&] {
        return daemon.metric(
                   "outreachd_requests_total{endpoint=\"/webhooks/outreach\",outcome=\"bad_signature\"}") ==
               36;
    }));
}

TEST(Receive, AnswersARepeatAndDeliversOnce) {
    daemon_under_test daemon;
    daemon.start();
    for (int i = 0; i < 5; ++i) {
        wire_client client(daemon.port());
        ASSERT_TRUE(client.send(signed_post(numbered_body(1), "Connection: close\r\n")));
        EXPECT_EQ(client.read_answer().status, 200);
        EXPECT_EQ(client.read_end(), ending::closed);
    }
    daemon.kill();
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
    EXPECT_EQ(client.read_answer().status, 200) << "across a restart";
    ASSERT_TRUE(daemon.drained());
    ASSERT_EQ(daemon.delivered().size(), 1U);
    EXPECT_EQ(daemon.delivered().begin()->second.size(), 1U);
}

TEST(Receive, CountsWhatComesLaterThanTheWindowAsStale) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    const auto delivered_at = [](const std::string& year) {
        return R"({"data":{"type":"task","id":1},"meta":{"eventName":"task.updated","deliveredAt":")" + year +
               R"(-01-01T00:00:00.000Z"}})";
    };
    for (const std::string year : {"2019", "2019", "2999"}) {
        ASSERT_TRUE(client.send(signed_post(delivered_at(year))));
        EXPECT_EQ(client.read_answer().status, 200) << year;
    }
    EXPECT_TRUE(eventually([&] {
        return daemon.metric(
                   "outreachd_requests_total{endpoint=\"/webhooks/outreach\",outcome=\"accepted\"}") == 2;
    }));
    EXPECT_EQ(daemon.metric("outreachd_stale_total"), 1) << "one of 2019; its repeat was counted already";
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.delivered().size(), 2U);
}

TEST(Receive, ListensToBothKindsOfAddresses) {
    configuration what;
    what.address = "::";
    daemon_under_test daemon(what);
    daemon.start();
    wire_client client(daemon.port()); // to 127.0.0.1
    ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
    EXPECT_EQ(client.read_answer().status, 200);
    if (read_file("/proc/net/if_inet6").empty())
        return; // a machine without IPv6
    const auto sent =
        daemon.command({"send", "task.completed", "--insecure", "--url",
                        "https://[::1]:" + std::to_string(daemon.port()) + "/webhooks/outreach"});
    EXPECT_EQ(sent.exit_code, 0) << sent.out << sent.err;
}

TEST(Receive, TakesWhatIsGenuineWhateverItHolds) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    const std::vector<std::pair<std::string, std::string>> odd{
        {"", ""},
        {"not json", "Content-Type: text/plain\r\n"},
        {std::string("\0\xFF\xFE", 3), "Content-Type: application/json; charset=utf-16\r\n"},
        {"[1,2]", "Content-Encoding: gzip\r\n"},
        {"{\"data\":", "Content-Type: \r\n"},
    };
    for (const auto& [body, fields] : odd) {
        ASSERT_TRUE(client.send(signed_post(body, fields)));
        EXPECT_EQ(client.read_answer().status, 200) << body;
    }
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.delivered().size(), odd.size());
}

TEST(Receive, KeepsAnUnreadableBodyThatNoRouteTakesAsDead) {
    configuration what;
    what.routes = "  - {match: \"task.*\", to: [out]}\n";
    daemon_under_test daemon(what);
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post("not json")));
    EXPECT_EQ(client.read_answer().status, 200);
    ASSERT_TRUE(
        client.send(signed_post(R"({"data":{"type":"user","id":1},"meta":{"eventName":"user.updated"}})")));
    EXPECT_EQ(client.read_answer().status, 200);
    ASSERT_TRUE(daemon.drained());
    EXPECT_THAT(daemon.command({"events", "list", "--state", "dead", "--json"}).out, HasSubstr("unparsable"));
    EXPECT_THAT(daemon.command({"events", "list", "--state", "unrouted", "--json"}).out,
                HasSubstr("user.updated"));
    EXPECT_EQ(daemon.metric("outreachd_dead{handler=\"\"}"), 1);
}

/// Each of these answers is final at Outreach's end, so the log must tell of it at its ordinary level.
TEST(Receive, SaysWhyEventsMayBeGettingLost) {
    configuration what;
    what.limits = "{body: 1KiB}";
    daemon_under_test daemon(what);
    daemon.start();
    const auto status_of = [&](const std::string& request) {
        wire_client client(daemon.port());
        return client.send(request) ? client.read_answer().status : -1;
    };
    const std::string body = numbered_body(1);
    std::string elsewhere = signed_post(body);
    elsewhere.replace(elsewhere.find("/webhooks/outreach"), 18, "/webhooks/outreech");
    EXPECT_EQ(status_of(elsewhere), 404);
    EXPECT_EQ(status_of(signed_post(std::string(2000, 'x'))), 413);
    std::string forged = signed_post(body);
    forged.replace(forged.find(signature_of(body)), 64, std::string(64, 'a'));
    EXPECT_EQ(status_of(forged), 401);
    EXPECT_EQ(status_of("POST /webhooks/outreach HTTP/1.1\nHost: localhost\n\n"), 400);
    EXPECT_TRUE(eventually([&] {
        const std::string log = daemon.log();
        return log.find("is a webhook's URL wrong?") != std::string::npos &&
               log.find("/webhooks/outreech") != std::string::npos &&
               log.find("over listen.limits") != std::string::npos &&
               log.find("fail the signature") != std::string::npos &&
               log.find("malformed requests") != std::string::npos;
    })) << daemon.log();
    EXPECT_EQ(daemon.metric("outreachd_refused_genuine_total"), 0);
}

TEST(Receive, TakesChunksAndContinueAndPipelines) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    const std::string body = numbered_body(5);
    const std::string head =
        "POST /webhooks/outreach?x=1 HTTP/1.1\r\nHost: localhost\r\nOutreach-Webhook-Signature: " +
        signature_of(body) + "\r\n";
    ASSERT_TRUE(client.send(head + "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) +
                            "\r\n\r\n"));
    EXPECT_EQ(client.read_answer().status, 100);
    ASSERT_TRUE(client.send(body));
    EXPECT_EQ(client.read_answer().status, 200);

    std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    for (const char c : numbered_body(5))
        chunked += std::string("1\r\n") + c + "\r\n";
    ASSERT_TRUE(
        client.send(chunked + "0\r\n\r\n" + signed_post(numbered_body(6)) + signed_post(numbered_body(7))));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client.read_answer().status, 200) << i;
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.delivered().size(), 3U) << "5, 6 and 7";
}

TEST(Receive, AnswersAHalfClosedRequest) {
    configuration what;
    what.has_tls = false;
    daemon_under_test daemon(what);
    daemon.start();
    wire_client client(daemon.port(), wire_client::transport::plain);
    ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
    client.shut_down_sending();
    EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Receive, ResumesTlsSessions) {
    daemon_under_test daemon;
    daemon.start();
    wire_client first(daemon.port());
    ASSERT_TRUE(first.send(signed_post(numbered_body(1))));
    EXPECT_EQ(first.read_answer().status, 200);
    EXPECT_FALSE(first.is_resumed());
    wire_client second(daemon.port(), wire_client::transport::tls, first.session().get());
    EXPECT_TRUE(second.is_resumed());
    ASSERT_TRUE(second.send(signed_post(numbered_body(2))));
    EXPECT_EQ(second.read_answer().status, 200);
}

TEST(Receive, TakesUnsignedRequestsOnlyWhereAsked) {
    configuration what;
    what.endpoint = "    unsigned: accept\n";
    daemon_under_test daemon(what);
    daemon.start();
    wire_client client(daemon.port());
    const std::string body = numbered_body(1);
    const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    const std::string line = "POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\n";
    ASSERT_TRUE(client.send(line + length + "\r\n" + body));
    EXPECT_EQ(client.read_answer().status, 200);
    ASSERT_TRUE(client.send(line + length + "Outreach-Webhook-Signature: " + std::string(64, 'a') +
                            "\r\n\r\n" + body));
    EXPECT_EQ(client.read_answer().status, 401) << "one that has a signature must hold";
}

TEST(Receive, GivesQuarantinedRequestsASecondHearingWithTheRightSecret) {
    configuration wrong;
    wrong.secrets = "[mistyped]";
    daemon_under_test daemon(wrong);
    daemon.start();
    constexpr int count = 1000;
    {
        wire_client client(daemon.port());
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(client.send(signed_post(numbered_body(static_cast<std::uint64_t>(i)))));
            ASSERT_EQ(client.read_answer().status, 401);
        }
        ASSERT_TRUE(client.send(signed_post("x", "X-Not-Outreach: 1\r\n")));
    }
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_quarantined") >= count; }));
    EXPECT_TRUE(daemon.delivered().empty());
    EXPECT_EQ(daemon.stop(), 0);

    configuration right;
    right.secrets = "[mistyped, foo]";
    daemon.configure(right);
    daemon.start();
    EXPECT_TRUE(eventually([&] { return daemon.delivered().size() >= static_cast<std::size_t>(count); }));
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_quarantined") == 0; }));
}

} // namespace
} // namespace outreachd::tests
