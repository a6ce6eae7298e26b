/// A dispatcher on the real store, and what operators do to both.
#pragma once

#include "tests/unit/dispatch/dispatch_bench.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace outreachd::dispatch::test {

class RealDispatch : public testing::Test {
protected:
    void TearDown() override {
        if (dispatcher_) {
            EXPECT_TRUE(dispatcher_->stop(std::chrono::seconds{10}));
        }
        EXPECT_EQ(store::differences(*store_), "");
    }

    equipped_handler equip(settings::handler configured, scripted_handler::script play) {
        return {std::move(configured), std::make_unique<scripted_handler>(runs_, std::move(play))};
    }

    template <typename... Handlers>
    static std::vector<equipped_handler> these(Handlers... handlers) {
        std::vector<equipped_handler> equipped;
        (equipped.push_back(std::move(handlers)), ...);
        return equipped;
    }

    void start(std::vector<settings::route> routes, std::vector<equipped_handler> handlers,
               lane_limits limits = {}) {
        dispatcher_ = std::make_unique<dispatcher>(make_delivery_store(*store_), std::move(routes),
                                                   std::move(handlers), log_, metrics_, limits);
        dispatcher_->start();
    }

    /// Everything is finished, one way or another.
    bool wait_for_end() {
        return store::eventually([&] {
            if (store_->accounts().received < added_)
                return false; // the counts are told behind the answers
            for (const auto& depth : store_->depths())
                if (depth.pending + depth.retry > 0)
                    return false;
            return store_->accounts().pending == 0;
        });
    }

    event_id add(int id) { return add(store::task_body(id)); }

    event_id add(const std::string& body) {
        ++added_;
        return store::append(*store_, body).result.id;
    }

    store::event_story story(const event_id& id) { return store_->open_reader()->story(id).value(); }

    sequence place_of(const event_id& id) { return story(id).summary.sequence; }

    store::delivery_record delivery(const event_id& id, const std::string& handler) {
        for (const auto& one : story(id).summary.deliveries)
            if (one.handler == handler)
                return one;
        return {};
    }

    /// As the running daemon does it: by the routes in force.
    std::uint64_t replay(const std::vector<event_id>& ids) {
        std::vector<store::routing> routes;
        const auto reader = store_->open_reader();
        for (const event_id& id : ids) {
            const auto told = reader->story(id).value();
            routes.push_back(dispatcher_->route({told.summary.sequence, told.subject, false, {}}));
        }
        return store::replay(*store_, std::move(routes));
    }

    std::size_t runs_of(const event_id& id) const {
        const auto all = runs_->runs();
        return static_cast<std::size_t>(
            std::ranges::count_if(all, [&](const auto& one) { return one.event == id; }));
    }

    store::temporary_directory directory_;
    log::logger log_{log::level::error, log::format::text};
    metrics::metrics metrics_;
    store::recording_observer watcher_;
    std::shared_ptr<run_log> runs_ = std::make_shared<run_log>();
    std::unique_ptr<store::store> store_ =
        std::make_unique<store::store>(store::options{.directory = directory_.path()}, watcher_);
    std::unique_ptr<dispatcher> dispatcher_;
    std::atomic<std::uint64_t> added_ = 0;
};

} // namespace outreachd::dispatch::test
