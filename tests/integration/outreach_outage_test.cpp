/// An outage that is longer than Outreach's attempts: what a backfill brings of it.
#include "tests/integration/long_run.hpp"
#include "tests/integration/outreach_round.hpp"

#include <filesystem>
#include <map>
#include <thread>
#include <utility>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The receiver is down while much changes, more than once. Everything's final state comes, once; and then
/// nothing is missing.
class OutageOutreach : public OutreachRound {
protected:
    OutageOutreach() : OutreachRound(busy()) {}

    static constexpr std::uint64_t limit = 100'000;

    static sandbox::options busy() {
        sandbox::options made = sandbox::quick_options();
        made.limit = limit;
        made.delivery.attempts = 1; // nobody listens
        return made;
    }

    configuration fetching() const {
        configuration made =
            with(webhooks(", prospect.updated") + "backfill: {on_start: auto, resources: [prospect]}\n");
        made.routes = "  - {match: \"prospect.*\", to: [out]}\n";
        return made;
    }

    /// All prospects, at once.
    void give_title(const std::string& title) {
        const std::int64_t batch =
            outreach_
                .post("batches/actions/prospectsBulkModify?actionParams[skipConfirmation]=true",
                      R"({"data":{"attributes":{"fieldName":"title","fieldValue":")" + title + R"("}}})")
                .number("/data/id");
        ASSERT_TRUE(eventually(
            [&] {
                return outreach_.get("batches/" + std::to_string(batch)).text("/data/attributes/state") ==
                       "finished";
            },
            60s));
    }

    /// Of all deliveries: none is under way that could come after all.
    bool has_given_up() const {
        return std::ranges::none_of(outreach_.subject.deliveries(),
                                    [](const sandbox::delivery& one) { return one.state == "pending"; });
    }

    /// What a record is in the end, by its id: when it was changed, and its title.
    using states = std::map<std::string, std::pair<std::string, std::string>>;

    static void add_state(states& to, const boost::json::value& prospect) {
        const auto text = [&](const char* name) {
            return boost::json::value_to<std::string>(prospect.at("attributes").at(name));
        };
        to[boost::json::serialize(prospect.at("id"))] = {text("updatedAt"), text("title")};
    }

    states final_states() {
        states found;
        std::string next = "prospects?sort=id&page[size]=1000";
        while (!next.empty()) {
            const auto page = outreach_.get(next);
            for (const auto& one : page.at("/data").as_array())
                add_state(found, one);
            const auto* const links = page.body.as_object().if_contains("links");
            const auto* const more = links == nullptr ? nullptr : links->as_object().if_contains("next");
            next = more != nullptr && more->is_string()
                       ? boost::json::value_to<std::string>(*more).substr(outreach_.subject.origin().size())
                       : std::string{};
        }
        return found;
    }
};

TEST_F(OutageOutreach, TheFinalStateOfWhatChangedWhileNobodyListenedComesOnce) {
    daemon_.configure(fetching());
    daemon_.start();
    ASSERT_EQ(daemon_.command({"webhooks", "apply", "--yes"}).exit_code, 0);
    constexpr int known = 100;
    constexpr int records = 5'000;
    for (int n = 0; n < known; ++n)
        add_prospect("Known");
    ASSERT_TRUE(eventually([&] { return daemon_.delivered().size() == known; })) << daemon_.log();
    ASSERT_FALSE(read_file(daemon_.directory().at("store/outreach-heartbeat")).empty());
    const auto before = daemon_.delivered();
    daemon_.kill();

    for (int n = known; n < records; ++n)
        add_prospect("Unknown");
    give_title("Countess");
    give_title("Lady");
    ASSERT_TRUE(eventually([&] { return has_given_up(); }, 60s));
    std::this_thread::sleep_for(lasting(10min, 0s));
    const states wanted = final_states();
    ASSERT_GE(wanted.size(), records);
    // Half of the hourly limit is for others: a few requests are left of the other, until an hour is over
    // that is as long as it takes until no event of the last change can be on its way.
    std::filesystem::remove(daemon_.directory().at("store/outreach-limit.json")); // of another hour
    outreach_.subject.set_limit(limit / 2 + 2, 34s);
    daemon_.start();
    EXPECT_TRUE(eventually(
        [&] {
            return daemon_.admin_get("/api/backfill").find("half of the hourly limit") != std::string::npos;
        },
        60s));
    EXPECT_GE(daemon_.metric("outreachd_api_rate_limit_remaining"), limit / 2 - 1);
    const std::string done = "outreachd_deliveries_total{handler=\"out\",outcome=\"done\"}";
    ASSERT_TRUE(eventually([&] { return daemon_.metric(done) >= static_cast<double>(wanted.size()); }, 120s))
        << daemon_.log();
    ASSERT_TRUE(daemon_.drained());

    states came;
    std::map<std::string, int> names;
    std::size_t lines = 0;
    for (const auto& [id, told] : daemon_.delivered()) {
        if (before.contains(id))
            continue;
        lines += told.size();
        const auto event = boost::json::parse(told.front());
        EXPECT_EQ(event.at_pointer("/body/meta/backfilled"), true);
        add_state(came, event.at_pointer("/body/data"));
        ++names[boost::json::value_to<std::string>(event.at("name"))];
    }
    EXPECT_EQ(lines, wanted.size()) << "each once";
    EXPECT_TRUE(came == wanted) << "and as it is in the end";
    EXPECT_EQ(names["prospect.updated"], known) << "of the others nobody knew";
    EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);

    const finished_process audit = daemon_.command({"backfill", "--since", "1h", "--dry-run"});
    EXPECT_EQ(audit.exit_code, 0) << audit.err;
    EXPECT_THAT(audit.out, testing::ContainsRegex("prospect +50[0-9][0-9] +0 +- +compared"));
    EXPECT_THAT(audit.out, HasSubstr("Deletions, and values that were overwritten meanwhile, can't be seen"));
    const finished_process far = daemon_.command({"backfill", "--since", "90d"});
    EXPECT_EQ(far.exit_code, 1);
    EXPECT_THAT(far.err, HasSubstr("store.retention"));
    const finished_process forced = daemon_.command({"backfill", "--since", "90d", "--force"});
    EXPECT_EQ(forced.exit_code, 0) << forced.err;
    EXPECT_THAT(forced.out, testing::ContainsRegex("prospect +50[0-9][0-9] +0 +0 +compared"));
    EXPECT_EQ(daemon_.command({"backfill"}).exit_code, 0);
}

} // namespace
} // namespace outreachd::tests
