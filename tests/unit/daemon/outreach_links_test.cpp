/// What calls Outreach, while reloads replace it.
#include "daemon/outreach_links.hpp"
#include "tests/no_threads.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <system_error>

namespace outreachd {
namespace {

using namespace std::chrono_literals;

class OutreachLinks : public testing::Test {
protected:
    /// Nothing that a backfill would wait for.
    static sandbox::options empty() {
        sandbox::options made = sandbox::quick_options();
        made.is_empty = true;
        return made;
    }

    settings::settings configured(std::vector<std::string> resources = {"prospect"}) const {
        settings::settings made;
        made.store.directory = directory_.path();
        made.endpoints = {{.path = "/hook", .secrets = {secret{"any"}}}};
        made.outreach.emplace();
        made.outreach->base_url = outreach_.subject.base_url();
        made.outreach->auth = settings::token_access{.token = secret{sandbox::known_token}};
        made.backfill.resources = std::move(resources);
        return made;
    }

    /// A run of a backfill that is asked for goes to its end.
    static bool works(outreach::backfill& one) {
        const wall_time since = wall_now() - std::chrono::hours{1};
        return one.ask({.since = since}).empty() && sandbox::becomes_true([&] {
                   const auto now = one.progress();
                   return now && now->wish.since == since && now->is_complete();
               });
    }

    store::temporary_directory directory_;
    store::recording_observer watcher_;
    store::store events_{{.directory = directory_.path()}, watcher_};
    sandbox::running_sandbox outreach_{empty()};
    metrics::metrics figures_;
    log::logger log_{log::level::error, log::format::text};
    outreach_links links_{configured(), events_, figures_, log_};
};

TEST_F(OutreachLinks, AreReplacedByAReload) {
    links_.start();
    const auto before = links_.backfill();
    ASSERT_TRUE(before);
    EXPECT_TRUE(works(*before));
    links_.use(links_.prepare(configured()));
    EXPECT_EQ(links_.backfill(), before) << "nothing has changed";
    links_.use(links_.prepare(configured({"prospect", "task"})));
    EXPECT_NE(links_.backfill(), before);
    EXPECT_NE(before->ask({.since = wall_now()}), "") << "it is stopping";
    EXPECT_TRUE(works(*links_.backfill()));
}

TEST_F(OutreachLinks, AreReplacedWhileTheyAreInARequest) {
    links_.start();
    const auto before = links_.backfill();
    outreach_.subject.inject({.path = "/api/v2/prospects", .delay = 1s});
    ASSERT_EQ(before->ask({.since = wall_now() - std::chrono::hours{1}}), "");
    ASSERT_TRUE(sandbox::becomes_true([&] { return outreach_.subject.faults_left() == 0; }));
    links_.use(links_.prepare(configured({"task"})));
    EXPECT_FALSE(before->finish_stop(std::chrono::steady_clock::now())) << "nobody waited for it";
    EXPECT_TRUE(works(*links_.backfill()));
    const auto until = std::chrono::steady_clock::now() + 10s;
    EXPECT_TRUE(links_.finish_stop(until, until)) << "that one is waited for, too";
    EXPECT_TRUE(before->finish_stop(std::chrono::steady_clock::now()));
}

/// Else the same file, loaded once more, would find nothing that has changed, and nothing would run.
TEST_F(OutreachLinks, GoOnWholeWhereAReloadGetsNoThreads) {
    links_.start();
    const auto before = links_.backfill();
    auto next = configured({"prospect", "task"});
    next.outreach->reserve = 0.5;
    const auto shared = links_.calls().shared;
    {
        const no_threads now;
        EXPECT_THROW(links_.prepare(next), std::system_error);
    }
    EXPECT_EQ(links_.backfill(), before);
    EXPECT_EQ(links_.calls().shared, shared);
    EXPECT_TRUE(works(*before));

    links_.use(links_.prepare(next));
    EXPECT_NE(links_.backfill(), before);
    EXPECT_NE(links_.calls().shared, shared);
    EXPECT_TRUE(works(*links_.backfill()));
}

TEST_F(OutreachLinks, GoOnWholeWhereAReloadFailsElsewhere) {
    links_.start();
    const auto before = links_.backfill();
    { const auto unused = links_.prepare(configured({"task"})); }
    EXPECT_EQ(links_.backfill(), before);
    EXPECT_TRUE(works(*before));
}

} // namespace
} // namespace outreachd
