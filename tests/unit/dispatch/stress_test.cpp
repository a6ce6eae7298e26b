/// Everything that operators do, at random and at once, on the real store.
#include "tests/unit/dispatch/mended_dispatch.hpp"

#include <map>
#include <random>
#include <set>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// Remembers, of each delivery's id, how it ended and how often it was begun anew; complains where it runs
/// twice at once, or again although it was done.
class witness {
public:
    void begin(const handlers::attempt& what) {
        const std::lock_guard lock(mutex_);
        seen& one = deliveries_[what.delivery];
        if (one.is_running)
            complaints_.push_back("runs twice at once: " + to_string(what.delivery));
        if (one.is_done)
            complaints_.push_back("runs though it was done: " + to_string(what.delivery));
        if (what.number == 1)
            ++one.beginnings;
        else if (what.number != one.last_number + 1)
            complaints_.push_back("attempt " + std::to_string(what.number) + " behind " +
                                  std::to_string(one.last_number) + ": " + to_string(what.delivery));
        one.last_number = what.number;
        one.is_running = true;
        const auto& resource = what.subject->facts.resource_id;
        if (!running_.insert(resource).second)
            complaints_.push_back("two of one resource: " + resource);
    }

    void end(const handlers::attempt& what, outcome::kind said) {
        const std::lock_guard lock(mutex_);
        seen& one = deliveries_[what.delivery];
        one.is_running = false;
        one.is_done = said == outcome::kind::done;
        running_.erase(what.subject->facts.resource_id);
    }

    std::vector<std::string> complaints() const {
        const std::lock_guard lock(mutex_);
        return complaints_;
    }

    struct seen {
        std::uint32_t last_number = 0;
        std::size_t beginnings = 0;
        bool is_running = false;
        bool is_done = false;
    };

    std::map<event_id, seen> deliveries() const {
        const std::lock_guard lock(mutex_);
        return deliveries_;
    }

private:
    mutable std::mutex mutex_;
    std::map<event_id, seen> deliveries_;
    std::set<std::string> running_;
    std::vector<std::string> complaints_;
};

class Stress : public RealDispatch {
protected:
    static constexpr auto time = 3s;
    static inline const std::vector<std::string> names{"crm", "audit", "mail"};

    /// Fails at random: seven of ten are done, two are tried again, one is dead.
    equipped_handler failing(const settings::handler& configured) {
        auto& watching = witnesses_[configured.name];
        return {configured,
                std::make_unique<scripted_handler>(runs_, [&watching, this](const handlers::attempt& what) {
                    watching.begin(what);
                    const unsigned drawn = draw(10);
                    if (drawn == 0)
                        std::this_thread::sleep_for(1ms);
                    auto said = drawn < 7   ? outcome::done()
                                : drawn < 9 ? outcome::retry("busy")
                                            : outcome::dead("refused");
                    watching.end(what, said.verdict);
                    return said;
                })};
    }

    unsigned draw(unsigned below) {
        const std::lock_guard lock(random_mutex_);
        return static_cast<unsigned>(random_() % below);
    }

    /// Some of the handlers, some of them with other settings than before, and routes to all.
    void reload(bool with_all) {
        std::vector<equipped_handler> handlers;
        for (const std::string& name : names) {
            if (!with_all && draw(4) == 0)
                continue;
            auto configured = quick_handler(name, 1 + draw(3));
            configured.retry.attempts_max = 2 + draw(2);
            handlers.push_back(failing(configured));
        }
        dispatcher_->use(routes_, std::move(handlers));
    }

    /// Of fifty resources, which nobody else appends to.
    void append_for_a_while(int first_resource) {
        const auto until = std::chrono::steady_clock::now() + time;
        for (int i = 0; std::chrono::steady_clock::now() < until; ++i) {
            if (store_->accounts().pending > 300) { // or a slow machine has work for minutes
                std::this_thread::sleep_for(1ms);
                continue;
            }
            const event_id id = add(store::task_body(first_resource + i % 50) +
                                    std::string(static_cast<std::size_t>(i / 50), ' '));
            const std::lock_guard lock(ids_mutex_);
            ids_.push_back(id);
        }
    }

    std::vector<event_id> some_events() {
        const std::lock_guard lock(ids_mutex_);
        std::vector<event_id> some;
        for (unsigned i = 0; i < 5 && !ids_.empty(); ++i)
            some.push_back(ids_[draw(static_cast<unsigned>(ids_.size()))]);
        return some;
    }

    void operate_for_a_while() {
        const auto reader = store_->open_reader();
        const auto until = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < until) {
            const unsigned drawn = draw(20);
            if (drawn == 0)
                reload(false);
            if (drawn < 8)
                replayed_ += replay(some_events());
            else
                mend(*reader, drawn < 16);
            std::this_thread::sleep_for(1ms);
        }
    }

    void mend(store::reader& from, bool is_revival) {
        store::dead_filter what;
        what.limit = 1 + draw(10);
        const auto found = from.list_dead(what);
        std::vector<event_id> dead;
        for (const auto& one : found.value().records)
            dead.push_back(one.what.delivery);
        if (is_revival)
            revived_ += store::revive(*store_, dead);
        else
            discarded_ += store::discard(*store_, {dead.begin(), dead.begin() + (dead.empty() ? 0 : 1)});
    }

    std::vector<settings::route> routes_{{{"*"}, names}};
    std::map<std::string, witness> witnesses_; ///< Complete before anything runs.
    std::mutex random_mutex_;
    std::minstd_rand random_{testing::UnitTest::GetInstance()->random_seed() == 0
                                 ? std::random_device{}()
                                 : static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed())};
    std::mutex ids_mutex_;
    std::vector<event_id> ids_;
    std::atomic<std::uint64_t> replayed_ = 0;
    std::atomic<std::uint64_t> revived_ = 0;
    std::atomic<std::uint64_t> discarded_ = 0;
};

TEST_F(Stress, EveryDeliveryEndsAndNoneRunsWithoutAReason) {
    std::vector<equipped_handler> handlers;
    for (const std::string& name : names)
        handlers.push_back(failing(quick_handler(name)));
    start(routes_, std::move(handlers), {.runnable_max = 64});
    std::vector<std::thread> appends;
    for (const int first_resource : {0, 50, 100})
        appends.emplace_back([this, first_resource] { append_for_a_while(first_resource); });
    std::thread operates([this] { operate_for_a_while(); });
    for (std::thread& one : appends)
        one.join();
    operates.join();
    reload(true); // those that were left out are back
    ASSERT_TRUE(wait_for_end());
    EXPECT_TRUE(dispatcher_->stop(10s));
    dispatcher_.reset();

    EXPECT_EQ(store::differences(*store_), "");
    EXPECT_GT(replayed_, 0U);
    EXPECT_GT(revived_, 0U);
    std::size_t begun = 0;
    for (const auto& [name, watching] : witnesses_) {
        EXPECT_EQ(watching.complaints(), std::vector<std::string>{}) << name;
        for (const auto& [id, one] : watching.deliveries()) {
            EXPECT_FALSE(one.is_running);
            begun += one.beginnings;
        }
    }
    // Each was begun once, and once more for each wish.
    EXPECT_EQ(begun, names.size() * added_ + replayed_ + revived_);
    for (const event_id& id : ids_)
        for (const auto& one : story(id).summary.deliveries)
            EXPECT_TRUE(one.state == store::delivery_state::done ||
                        one.state == store::delivery_state::dead ||
                        one.state == store::delivery_state::discarded);
    RecordProperty("events", static_cast<int>(added_));
    RecordProperty("replayed", static_cast<int>(replayed_));
    RecordProperty("revived", static_cast<int>(revived_));
    RecordProperty("discarded", static_cast<int>(discarded_));
}

} // namespace
} // namespace outreachd::dispatch
