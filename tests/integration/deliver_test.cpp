/// What becomes of deliveries in a world that fails, throttles and hangs, and which events get that far.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/http_receiver.hpp"
#include "tests/integration/sent_tasks.hpp"
#include "tests/samples.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Gt;
using testing::HasSubstr;
using testing::Lt;
namespace json = boost::json;

// --- Routes ---------------------------------------------------------------------------------------

/// A YAML scalar in double quotes.
std::string quoted(const std::string& text) {
    return json::serialize(json::value(text));
}

/// `where` programs on a sample: true of it, by something in it.
struct sample_conditions {
    std::vector<std::string> programs;
    std::size_t attributes = 0;
    std::size_t relationships = 0;
    std::size_t befores = 0;
};

sample_conditions conditions_of(const sample& one) {
    sample_conditions found;
    boost::system::error_code ec;
    const json::value body = json::parse(one.body, ec);
    const auto first_member = [&](const json::value* of) -> const json::object::value_type* {
        const json::object* const members = of == nullptr ? nullptr : of->if_object();
        return members == nullptr || members->empty() ? nullptr : &*members->begin();
    };
    const auto path = [](const std::string& key) { return "[" + json::serialize(json::value(key)) + "]"; };
    const auto add = [&](const std::string& prefix, const json::object::value_type& member,
                         std::size_t& count) {
        found.programs.push_back(prefix + path(std::string{member.key()}) +
                                 " == " + json::serialize(member.value()));
        ++count;
    };
    if (const auto* member = first_member(body.find_pointer("/data/attributes", ec)))
        add(".data.attributes", *member, found.attributes);
    if (const auto* member = first_member(body.find_pointer("/data/relationships", ec)))
        add(".data.relationships", *member, found.relationships);
    if (const auto* member = first_member(body.find_pointer("/beforeUpdate/attributes", ec)))
        add(".beforeUpdate.attributes", *member, found.befores);
    return found;
}

TEST(Route, PicksEachSampleByNameResourceAndContent) {
    const auto samples = load_samples();
    std::string handlers;
    std::string routes;
    sample_conditions all;
    for (const char* name : {"name", "resource", "content", "never"})
        handlers += std::string("  ") + name + ": {type: file, path: DIRECTORY/" + name + ".jsonl}\n";
    std::size_t with_content = 0;
    for (const sample& one : samples) {
        const std::string resource = one.name.substr(0, one.name.find('.'));
        routes += "  - {match: " + quoted(one.name) + ", to: [name]}\n";
        routes += "  - {match: " + quoted(resource + ".*") + ", to: [resource]}\n";
        const sample_conditions of = conditions_of(one);
        all.attributes += of.attributes;
        all.relationships += of.relationships;
        all.befores += of.befores;
        with_content += of.programs.empty() ? 0U : 1U;
        for (const std::string& program : of.programs) {
            const std::string is_ours = "($event.job_id // \"\") == " + quoted(one.job_id) + " and (";
            const std::string match = "  - {match: " + quoted(one.name) + ", where: ";
            routes += match + quoted(is_ours + program + ")") + ", to: [content]}\n";
            routes += match + quoted(is_ours + program + " | not)") + ", to: [never]}\n";
        }
    }
    ASSERT_GE(all.attributes, 20U);
    ASSERT_GE(all.relationships, 10U);
    ASSERT_GE(all.befores, 4U);
    daemon_under_test daemon({.handlers = handlers, .routes = routes});
    daemon.start();
    std::vector<std::string> bodies;
    for (const sample& one : samples)
        bodies.push_back(one.body);
    send_all(daemon, bodies);
    ASSERT_TRUE(daemon.drained());
    const auto lines = [&](const char* name) {
        const std::string text = read_file(daemon.directory().at(name));
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    };
    EXPECT_EQ(lines("name.jsonl"), samples.size());
    EXPECT_EQ(lines("resource.jsonl"), samples.size());
    EXPECT_EQ(lines("content.jsonl"), with_content);
    EXPECT_EQ(lines("never.jsonl"), 0U);
    EXPECT_EQ(dead_of(daemon, "content").size(), 0U);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

TEST(Route, KeepsWhatNoWhereWants) {
    daemon_under_test daemon({.routes = "  - {match: \"task.*\", where: .data.attributes.action == \"call\","
                                        " to: [out]}\n"});
    daemon.start();
    send_all(daemon, {task(1, R"({"action":"call"})"), task(2, R"({"action":"mail"})"), task(3, "null")});
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.delivered().size(), 1U);
    EXPECT_EQ(daemon.metric("outreachd_unrouted"), 2);
    const auto unrouted =
        json::parse(daemon.command({"events", "list", "--state", "unrouted", "--json"}).out);
    EXPECT_EQ(unrouted.as_array().size(), 2U);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

TEST(Route, BuriesWhatAWhereCanNotJudgeAndHarmsNobodyElse) {
    daemon_under_test daemon(
        {.handlers =
             "  looping: {type: file, path: DIRECTORY/looping.jsonl, concurrency: 1, retry: {max: 1s}}\n"
             "  greedy: {type: file, path: DIRECTORY/greedy.jsonl, concurrency: 1, retry: {max: 1s}}\n"
             "  out: {type: file, path: DIRECTORY/out.jsonl}\n",
         .routes = "  - {match: \"*\", where: \"def f: f; f\", to: [looping]}\n"
                   "  - {match: \"*\", where: '[range(1e9)] | length > 0', to: [greedy]}\n"
                   "  - {match: \"*\", to: [out]}\n"});
    daemon.start();
    send_all(daemon, {task(1)});
    ASSERT_TRUE(eventually([&] { return daemon.delivered().size() == 1; }, 1s))
        << "held up by another handler";
    // Where the machine leaves a program no processor, it is tried again. How long one takes is for the
    // engine's own tests to measure.
    ASSERT_TRUE(eventually(
        [&] { return dead_of(daemon, "looping").size() == 1 && dead_of(daemon, "greedy").size() == 1; },
        60s));
    for (const char* handler : {"looping", "greedy"}) {
        const json::value dead = dead_of(daemon, handler).at(0);
        EXPECT_THAT(std::string(dead.at("reason").as_string()), HasSubstr("where")) << handler;
    }
    // The daemon takes no part in what they eat.
    EXPECT_THAT(daemon.metric("process_resident_memory_bytes"), AllOf(Gt(1e6), Lt(200e6)));
}

// --- Outcomes -------------------------------------------------------------------------------------

TEST(Deliver, EndsEachAnswerAsItSays) {
    std::mutex mutex;
    std::map<std::string, int> calls;
    const http_receiver server([&](const received_call& call) -> reply {
        int number = 0;
        {
            const std::lock_guard lock(mutex);
            number = ++calls[call.target];
        }
        if (call.target == "/500")
            return {.status = 500, .body = "out of order"};
        if (call.target == "/429")
            return number == 1 ? reply{.status = 429, .fields = "Retry-After: 2\r\n"} : reply{};
        if (call.target == "/400")
            return {.status = 400, .body = "no such field: owner"};
        if (call.target == "/302")
            return {.status = 302, .fields = "Location: http://elsewhere.example/\r\n"};
        if (call.target == "/nothing")
            return {.how = reply::kind::nothing};
        if (call.target == "/half")
            return {.body = std::string(1000, 'x'), .how = reply::kind::half};
        if (call.target == "/reset")
            return {.how = reply::kind::reset};
        if (call.target == "/slow")
            return {.delay = 40s};
        return {};
    });
    const std::vector<std::string> names = {"500",  "429",   "400",  "302", "nothing",
                                            "half", "reset", "slow", "200"};
    std::string handlers;
    std::string to;
    for (const std::string& name : names) {
        handlers += "  h" + name + ": {type: http, url: \"" + server.url("/" + name) +
                    "\", timeout: 1s, retry: {attempts: 2, initial: 100ms, max: 5s}}\n";
        to += (to.empty() ? "" : ", ") + ("h" + name);
    }
    daemon_under_test daemon({.handlers = handlers, .routes = "  - {match: \"*\", to: [" + to + "]}\n"});
    daemon.start();
    const auto began = std::chrono::steady_clock::now();
    send_all(daemon, {task(1)});
    ASSERT_TRUE(daemon.drained());
    EXPECT_GE(std::chrono::steady_clock::now() - began, 2s) << "Retry-After was not obeyed";

    const std::map<std::string, std::pair<int, std::string>> dead = {
        {"500", {2, "500"}},
        {"400", {1, "400"}},
        {"302", {1, "302"}},
        {"nothing", {2, "the connection was closed without an answer"}},
        {"half", {2, "the answer broke off"}},
        {"reset", {2, "reset"}},
        {"slow", {2, "no answer within 1 s"}}};
    for (const auto& [name, expected] : dead) {
        const json::array listed = dead_of(daemon, "h" + name);
        ASSERT_EQ(listed.size(), 1U) << name;
        const std::string id{listed.at(0).at("id").as_string()};
        const auto shown = daemon.command({"dead", "show", id});
        std::cout << shown.out;
        const auto [calls_made, word] = expected;
        EXPECT_THAT(shown.out, HasSubstr(word)) << name;
        EXPECT_THAT(shown.out, HasSubstr("127.0.0.1")) << name << ": the reason names where it went";
        EXPECT_EQ(calls["/" + name], calls_made) << name;
    }
    EXPECT_EQ(dead_of(daemon, "h429").size(), 0U);
    EXPECT_EQ(calls["/429"], 2);
    EXPECT_EQ(dead_of(daemon, "h200").size(), 0U);
    const json::value refused =
        json::parse(daemon
                        .command({"dead", "show",
                                  std::string{dead_of(daemon, "h400").at(0).at("id").as_string()}, "--json"})
                        .out);
    EXPECT_EQ(refused.at("last_answer"), "no such field: owner");
}

TEST(Deliver, KeepsEachResourceInOrderAndHoldsUpNoOther) {
    constexpr int resources = 50;
    constexpr int rounds = 20;
    std::mutex mutex;
    std::map<std::string, std::vector<int>> done; // serials by resource, in the order of their success
    int failures_left = 5;
    std::size_t others_done = 0;
    constexpr auto others = static_cast<std::size_t>((resources - 1) * rounds);
    const http_receiver server([&](const received_call& call) -> reply {
        const json::value body = json::parse(call.body);
        const std::string resource = json::serialize(body.at("data").at("id"));
        const auto serial = static_cast<int>(body.at("data").at("attributes").at("serial").as_int64());
        const std::lock_guard lock(mutex);
        // It fails until all others are done: if those waited for it, its attempts would be used up.
        if (resource == "7" && (failures_left > 0 || others_done < others)) {
            --failures_left;
            return {.status = 503};
        }
        others_done += resource == "7" ? 0U : 1U;
        done[resource].push_back(serial);
        return {};
    });
    daemon_under_test daemon(
        {.handlers = "  crm: {type: http, url: \"" + server.url("/") +
                     "\", retry: {attempts: 12, initial: 400ms, factor: 1.5, jitter: 0}}\n",
         .routes = "  - {match: \"*\", to: [crm]}\n"});
    daemon.start();
    std::vector<std::string> bodies;
    for (int serial = 1; serial <= rounds; ++serial)
        for (int resource = 0; resource < resources; ++resource)
            bodies.push_back(task(resource, R"({"serial":)" + std::to_string(serial) + "}"));
    send_all(daemon, bodies);
    ASSERT_TRUE(daemon.drained());
    ASSERT_EQ(done.size(), static_cast<std::size_t>(resources));
    for (const auto& [resource, serials] : done) {
        EXPECT_EQ(serials.size(), static_cast<std::size_t>(rounds)) << resource;
        EXPECT_TRUE(std::is_sorted(serials.begin(), serials.end())) << resource;
    }
    EXPECT_LE(failures_left, 0);
    EXPECT_EQ(others_done, others);
}

} // namespace
} // namespace outreachd::tests
