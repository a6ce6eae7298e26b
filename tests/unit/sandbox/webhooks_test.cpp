/// Contract sections 3 and 5: webhooks as they are kept over REST, and suspended.
#include "tests/unit/sandbox/hooked_sandbox.hpp"

#include <gmock/gmock.h>

namespace outreachd::sandbox {
namespace {

using testing::StartsWith;

TEST(Webhook, IsCreatedWithItsDefaults) { // 4.2, 5.2 to 5.5
    running_sandbox sandbox;
    const json_reply made = sandbox.post(
        "webhooks", R"({"data":{"type":"webhook","attributes":{"url":"https://hooks.example.com/x"}}})");
    ASSERT_EQ(made.status, 201U);
    EXPECT_EQ(made.text("/data/attributes/resource"), "*");
    EXPECT_EQ(made.text("/data/attributes/action"), "*");
    EXPECT_TRUE(made.at("/data/attributes/active").as_bool());
    EXPECT_EQ(made.number("/data/attributes/payloadVersion"), 1);
    EXPECT_TRUE(made.at("/data/attributes/secret").is_null());
    EXPECT_THAT(made.text("/data/attributes/cleanupToken"), StartsWith("eyJh"));
    EXPECT_EQ(made.text("/data/attributes/creatorAppId"), "sandbox-client");
}

TEST(Webhook, IsHeldAgainstTheTable) { // 1.2, 4, 5.2, 5.6
    running_sandbox sandbox;
    const std::string good = "https://hooks.example.com/x";
    for (const std::string& bad :
         {hook("http://hooks.example.com/x"), hook("nonsense"), hook(good, R"("resource":"contact")"),
          hook(good, R"("resource":"stage")"), hook(good, R"("resource":"mailing","action":"clicked")"),
          hook(good, R"("resource":"user","action":"destroyed")"),
          hook(good, R"("resource":"*","action":"opened")"), hook(good, R"("payloadVersion":"v2")"),
          hook(good, R"("payloadVersion":3)"), hook(good, R"("secret":")" + std::string(256, 's') + '"'),
          hook(good + std::string(1024, 'x')), std::string{R"("resource":"task")"}})
        EXPECT_EQ(
            sandbox.post("webhooks", R"({"data":{"type":"webhook","attributes":{)" + bad + "}}}").status,
            422U)
            << bad;
    for (const std::string& fine : {hook(good, R"("resource":"mailing","action":"opened")"),
                                    hook(good, R"("resource":"import","action":"*")"),
                                    hook(good, R"("resource":"*","action":"destroyed")"),
                                    hook(good, R"("secret":")" + std::string(255, 's') + '"')})
        sandbox.make("webhooks", "webhook", fine);
}

TEST(Webhook, IsListedChangedAndDeleted) { // 5.1, 5.7 to 5.9
    running_sandbox sandbox;
    const std::string id = std::to_string(
        sandbox.make("webhooks", "webhook", hook("https://a.example/", R"("resource":"task")")));
    EXPECT_EQ(sandbox.get("webhooks?filter[resource]=task&filter[action]=*&filter[active]=true").count(), 1U);
    EXPECT_EQ(sandbox.get("webhooks?filter[creator][id]=1&sort=resource").count(), 1U);
    const json_reply changed = sandbox.patch("webhooks/" + id, R"({"data":{"type":"webhook","id":)" + id +
                                                                   R"(,"attributes":{"active":false}}})");
    EXPECT_FALSE(changed.at("/data/attributes/active").as_bool());
    EXPECT_EQ(sandbox.ask("DELETE", "webhooks/" + id).status, 204U);
    EXPECT_EQ(sandbox.get("webhooks").count(), 0U);
}

TEST(Webhook, IsCleanedUpByItsTokenWithoutAccess) { // 5.12
    running_sandbox sandbox;
    const auto token_of = [&] {
        const auto id = std::to_string(sandbox.make("webhooks", "webhook", hook("https://a.example/")));
        return sandbox.get("webhooks/" + id).text("/data/attributes/cleanupToken");
    };
    const std::string path = "/api/v2/webhooks/cleanup";
    EXPECT_EQ(sandbox.raw("POST", path, {}, {{"outreach-webhook-cleanup-token", token_of()}}).status, 204U);
    EXPECT_EQ(sandbox.raw("POST", path, {}, {{"Authorization", "Bearer " + token_of()}}).status, 204U);
    EXPECT_EQ(sandbox.raw("POST", path, R"({"cleanupToken":")" + token_of() + "\"}").status, 204U);
    EXPECT_EQ(
        sandbox.raw("POST", path, R"({"data":{"attributes":{"cleanupToken":")" + token_of() + "\"}}}").status,
        204U);
    EXPECT_EQ(sandbox.raw("POST", path, "{}").status, 404U);
    EXPECT_EQ(sandbox.get("webhooks").count(), 0U);
}

TEST(Suspension, FollowsANameThatDoesNotResolve) { // 3.10, 3.11
    options configured = quick_options();
    running_sandbox sandbox{configured};
    const std::string id = std::to_string(
        sandbox.make("webhooks", "webhook", hook("https://nowhere.invalid/", R"("resource":"account")")));
    sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_EQ(settled(sandbox, 1).at(0).state, "lost");
    const json_reply suspended = sandbox.get("webhooks/" + id);
    EXPECT_FALSE(suspended.text("/data/attributes/disabledReason").empty());
    const auto since = parse_timestamp(suspended.text("/data/attributes/disabledSince")).value();
    const auto until = parse_timestamp(suspended.text("/data/attributes/disabledUntil")).value();
    EXPECT_NEAR(std::chrono::duration<double>(until - since).count(), 60, 0.1);
    EXPECT_TRUE(suspended.at("/data/attributes/active").as_bool());

    sandbox.make("accounts", "account", R"("name":"B")"); // 3.13
    EXPECT_EQ(settled(sandbox, 2).at(1).state, "suspended");

    const json_reply mended = // 5.8
        sandbox.patch("webhooks/" + id,
                      R"({"data":{"type":"webhook","id":)" + id + R"(,"attributes":{"active":true}}})");
    for (const char* const mark : {"disabledReason", "disabledSince", "disabledUntil"})
        EXPECT_TRUE(mended.at(std::string{"/data/attributes/"} + mark).is_null()) << mark;
}

TEST(Suspension, FollowsAPrivateAddressWhereToldTo) { // 3.9
    options configured = quick_options();
    configured.delivery.suspends_private = true;
    hooked test{R"("resource":"account")", configured};
    test.sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_EQ(settled(test.sandbox, 1).at(0).state, "lost");
    EXPECT_TRUE(test.receiver.requests().empty());
    const json_reply suspended = test.sandbox.get("webhooks/" + std::to_string(test.webhook));
    const auto until = parse_timestamp(suspended.text("/data/attributes/disabledUntil")).value();
    EXPECT_NEAR(std::chrono::duration<double>(until - wall_now()).count(), 3600, 20);
}

TEST(Suspension, EndsByItself) { // 3.10
    options configured = quick_options();
    configured.delivery.suspends_private = true;
    configured.delivery.private_suspension = 0ms;
    hooked test{R"("resource":"account")", configured};
    test.sandbox.make("accounts", "account", R"("name":"A")");
    settled(test.sandbox, 1);
    test.sandbox.make("accounts", "account", R"("name":"B")");
    EXPECT_EQ(settled(test.sandbox, 2).at(1).state, "lost"); // Tried again, that is.
}

TEST(Suspension, OfAWeekDeactivates) { // 3.12
    EXPECT_EQ(delivery_options{}.deactivated_after, 7 * 24h);
    options configured = quick_options();
    configured.delivery.suspends_private = true;
    configured.delivery.deactivated_after = 0ms;
    hooked test{R"("resource":"account")", configured};
    test.sandbox.make("accounts", "account", R"("name":"A")");
    settled(test.sandbox, 1);
    EXPECT_FALSE(
        test.sandbox.get("webhooks/" + std::to_string(test.webhook)).at("/data/attributes/active").as_bool());
}

} // namespace
} // namespace outreachd::sandbox
