/// Only genuine requests become events, and nothing of them is lost on the way.
#include "daemon/signature/verifier.hpp"
#include "tests/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace outreachd::signature {
namespace {

policy with_secrets(std::initializer_list<const char*> keys, bool accepts_unsigned = false) {
    policy rules;
    for (const char* key : keys)
        rules.secrets.emplace_back(key);
    rules.accepts_unsigned = accepts_unsigned;
    return rules;
}

received_request request_with(std::string body, std::vector<std::string> signatures) {
    received_request request;
    request.endpoint = "/webhooks/outreach";
    request.source = "outreach";
    request.received_at = wall_time{std::chrono::milliseconds{1'795'249'375'123}};
    request.peer = "192.0.2.7";
    request.content_type = "application/vnd.api+json";
    request.outreach_event_id = "e5a3b8c2-0000-4000-8000-000000000001";
    request.headers = {{"Outreach-Webhook-Id", "7"}, {"outreach-org-id", "o"}};
    request.cleanup_token = secret{"cleanup"};
    request.signatures = std::move(signatures);
    request.body = std::move(body);
    return request;
}

error_code refusal(const verifier& judge, received_request request) {
    const std::string body = request.body;
    const auto judged = judge.verify(request);
    if (judged)
        return {};
    EXPECT_EQ(request.body, body) << "a refused request is left as it was";
    EXPECT_EQ(request.headers.size(), 2U);
    EXPECT_EQ(request.cleanup_token.reveal(), "cleanup");
    return judged.error();
}

std::string upper_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return text;
}

const std::string body = R"({"data":{"type":"task","id":7},"meta":{"eventName":"task.completed"}})";
const std::string fitting = sign(secret{"foo"}, body);

TEST(Verifier, AcceptsEverySampleWithItsPublishedSignature) {
    const verifier judge{with_secrets({tests::sample_secret})};
    for (const auto& sample : tests::load_samples()) {
        auto request = request_with(sample.body, {sample.signature});
        const auto judged = judge.verify(request);
        ASSERT_TRUE(judged) << sample.file;
        EXPECT_EQ(judged->get().body, sample.body) << sample.file;
        EXPECT_EQ(judged->get().facts.name, sample.name) << sample.file;
        EXPECT_EQ(judged->get().facts.resource_id, sample.resource_id) << sample.file;
    }
}

TEST(Verifier, RejectsEverySampleWithAnyByteChangedByOneBit) {
    const verifier judge{with_secrets({tests::sample_secret})};
    for (const auto& sample : tests::load_samples()) {
        for (std::size_t i = 0; i < sample.body.size(); ++i) {
            auto request = request_with(sample.body, {sample.signature});
            request.body[i] = static_cast<char>(request.body[i] ^ (1 << (i % 8)));
            ASSERT_EQ(refusal(judge, std::move(request)), errc::signature_mismatch)
                << sample.file << " at " << i;
        }
    }
}

TEST(Verifier, RejectsASignatureChangedByOneDigit) {
    const verifier judge{with_secrets({"foo"})};
    for (std::size_t i = 0; i < fitting.size(); ++i) {
        std::string changed = fitting;
        changed[i] = changed[i] == '0' ? '1' : '0';
        ASSERT_EQ(refusal(judge, request_with(body, {changed})), errc::signature_mismatch) << i;
    }
}

TEST(Verifier, RejectsABodyWithOneByteMoreOrLess) {
    const verifier judge{with_secrets({"foo"})};
    EXPECT_EQ(refusal(judge, request_with(body + " ", {fitting})), errc::signature_mismatch);
    EXPECT_EQ(refusal(judge, request_with(body.substr(1), {fitting})), errc::signature_mismatch);
    EXPECT_EQ(refusal(judge, request_with("", {fitting})), errc::signature_mismatch);
}

struct signature_form {
    const char* label;
    std::vector<std::string> signatures;
    error_code expected;
};

TEST(Verifier, JudgesTheFormOfTheSignature) {
    const verifier judge{with_secrets({"foo"})};
    const std::string other = sign(secret{"bar"}, body);
    const signature_form forms[] = {
        {"lower case", {fitting}, {}},
        {"upper case", {upper_case(fitting)}, {}},
        {"mixed case", {upper_case(fitting.substr(0, 30)) + fitting.substr(30)}, {}},
        {"white space around", {" \t" + fitting + "  "}, {}},
        {"none", {}, errc::signature_missing},
        {"empty", {""}, errc::signature_malformed},
        {"only white space", {"   "}, errc::signature_malformed},
        {"63 digits", {fitting.substr(1)}, errc::signature_malformed},
        {"65 digits", {fitting + "0"}, errc::signature_malformed},
        {"128 digits", {fitting + fitting}, errc::signature_malformed},
        {"white space inside", {fitting.substr(0, 32) + " " + fitting.substr(32)}, errc::signature_malformed},
        {"a prefix", {"sha256=" + fitting}, errc::signature_malformed},
        {"0x", {"0x" + fitting.substr(2)}, errc::signature_malformed},
        {"no hex digit", {"g" + fitting.substr(1)}, errc::signature_malformed},
        {"base64", {"aDcW2df4Lu0XTGyuvghu6TN2x5198YfdZw6gD3+Nbrio="}, errc::signature_malformed},
        {"a list", {fitting + "," + fitting}, errc::signature_malformed},
        {"twice, both fitting", {fitting, fitting}, errc::signature_malformed},
        {"twice, the first fitting", {fitting, other}, errc::signature_malformed},
        {"twice, the last fitting", {other, fitting}, errc::signature_malformed},
        {"twice, one empty", {fitting, ""}, errc::signature_malformed},
        {"a NUL behind", {fitting + std::string{"\0", 1}}, errc::signature_malformed},
        {"of another secret", {other}, errc::signature_mismatch},
        {"all zeros", {std::string(64, '0')}, errc::signature_mismatch},
    };
    for (const auto& [label, signatures, expected] : forms)
        EXPECT_EQ(refusal(judge, request_with(body, signatures)), expected) << label;
}

TEST(Verifier, AcceptsAnyOfItsSecrets) {
    const verifier judge{with_secrets({"new", "foo", "old"})};
    for (const char* key : {"new", "foo", "old"})
        EXPECT_EQ(refusal(judge, request_with(body, {sign(secret{key}, body)})), error_code{}) << key;
    EXPECT_EQ(refusal(judge, request_with(body, {sign(secret{"older"}, body)})), errc::signature_mismatch);
}

TEST(Verifier, TakesTheUnsignedOnlyWhereAllowedAndJudgesTheSigned) {
    const verifier open{with_secrets({"foo"}, true)};
    EXPECT_EQ(refusal(open, request_with(body, {})), error_code{});
    EXPECT_EQ(refusal(open, request_with(body, {fitting})), error_code{});
    EXPECT_EQ(refusal(open, request_with(body, {std::string(64, '0')})), errc::signature_mismatch);
    EXPECT_EQ(refusal(open, request_with(body, {""})), errc::signature_malformed);
    EXPECT_EQ(refusal(open, request_with(body, {fitting, fitting})), errc::signature_malformed);

    const verifier without_secrets{with_secrets({}, true)};
    EXPECT_EQ(refusal(without_secrets, request_with(body, {})), error_code{});
    EXPECT_EQ(refusal(without_secrets, request_with(body, {fitting})), errc::signature_mismatch);
}

TEST(Verifier, LetsNobodySignWithAnEmptySecret) {
    const verifier judge{with_secrets({""})};
    EXPECT_EQ(refusal(judge, request_with(body, {sign(secret{""}, body)})), errc::signature_mismatch);
}

TEST(Verifier, MakesAnEventOfEverythingThatTheRequestHad) {
    const verifier judge{with_secrets({"foo"})};
    auto request = request_with(body, {fitting});
    auto judged = judge.verify(request);
    ASSERT_TRUE(judged);
    const event made = std::move(*judged).take();
    EXPECT_EQ(time_of(made.id), wall_time{std::chrono::milliseconds{1'795'249'375'123}});
    EXPECT_EQ(made.facts.name, "task.completed");
    EXPECT_EQ(made.facts.resource_id, "7");
    EXPECT_TRUE(made.facts.is_readable);
    EXPECT_EQ(made.received_at, wall_time{std::chrono::milliseconds{1'795'249'375'123}});
    EXPECT_EQ(made.endpoint, "/webhooks/outreach");
    EXPECT_EQ(made.source, "outreach");
    EXPECT_EQ(made.content_type, "application/vnd.api+json");
    EXPECT_EQ(made.outreach_event_id, "e5a3b8c2-0000-4000-8000-000000000001");
    EXPECT_EQ(made.headers, (std::vector<header>{{"Outreach-Webhook-Id", "7"}, {"outreach-org-id", "o"}}));
    EXPECT_EQ(made.cleanup_token.reveal(), "cleanup");
    EXPECT_EQ(made.body, body);
    EXPECT_EQ(made.body_digest, sha256(body));
    EXPECT_EQ(made.origin, event_origin::signed_request);
}

/// Who is shown an event must not take for proven what nothing proves.
TEST(Verifier, NotesWhatProvesAnEvent) {
    const verifier open{with_secrets({"foo"}, true)};
    auto without = request_with(body, {});
    EXPECT_EQ(open.verify(without)->get().origin, event_origin::unsigned_request);
    auto with = request_with(body, {fitting});
    EXPECT_EQ(open.verify(with)->get().origin, event_origin::signed_request);
    EXPECT_EQ(verifier::of_fetched({}).get().origin, event_origin::fetched);
}

TEST(Verifier, GivesTheSameRequestANewIdEachTime) {
    const verifier judge{with_secrets({"foo"})};
    auto first = request_with(body, {fitting});
    auto second = request_with(body, {fitting});
    EXPECT_NE(judge.verify(first)->get().id, judge.verify(second)->get().id);
}

TEST(Verifier, AcceptsAnyBytesThatAreSigned) {
    const verifier judge{with_secrets({"foo"})};
    for (const std::string& odd : {std::string{}, std::string{"\0\xFF\r\n", 4}, std::string{"not json"}}) {
        auto request = request_with(odd, {sign(secret{"foo"}, odd)});
        const auto judged = judge.verify(request);
        ASSERT_TRUE(judged);
        EXPECT_EQ(judged->get().body, odd);
        EXPECT_EQ(judged->get().facts.name, "unknown");
        EXPECT_FALSE(judged->get().facts.is_readable);
    }
}

} // namespace
} // namespace outreachd::signature
