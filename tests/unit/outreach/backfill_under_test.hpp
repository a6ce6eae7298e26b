/// Backfills against the sandbox, into a real store.
#pragma once

#include "daemon/outreach/backfill.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::outreach {

using sandbox::running_sandbox;

/// An event that came by a webhook.
inline std::string delivered(const std::string& type, std::int64_t id, const std::string& attributes,
                             const std::string& delivered_at) {
    return R"({"data":{"type":")" + type + R"(","id":)" + std::to_string(id) + R"(,"attributes":{)" +
           attributes + R"(}},"meta":{"deliveredAt":")" + delivered_at + R"(","eventName":")" + type +
           R"(.updated"}})";
}

class Backfill : public testing::Test {
protected:
    explicit Backfill(sandbox::options configured = quiet()) : outreach_(std::move(configured)) {
        settings::outreach to;
        to.base_url = outreach_.subject.base_url();
        to.auth = settings::token_access{.token = secret{sandbox::known_token}};
        shared_ = std::make_shared<handlers::outreach::access>(to, directory_.path());
    }

    static sandbox::options quiet() {
        sandbox::options made = sandbox::quick_options();
        made.limit = 100'000;
        made.is_empty = true;
        return made;
    }

    backfill_sources sources() { return {shared_, {}, events_}; }

    backfill_target target() const {
        return {"/hook", source_, std::chrono::hours{24}, std::chrono::hours{24 * 7}};
    }

    backfill_progress run(std::vector<std::string> resources = {"prospect"}, bool is_dry_run = false) {
        return run_backfill(
            sources(), target(), {since_, std::move(resources), is_dry_run},
            [this](std::chrono::milliseconds) { return !is_over_; },
            [this](const backfill_progress& now) {
                if (!now.waits_for.empty())
                    waited_for_.push_back(now.waits_for);
            },
            {.settle = std::chrono::milliseconds{0}});
    }

    std::int64_t add_prospect(const std::string& name) {
        return outreach_.make("prospects", "prospect", R"("firstName":")" + name + '"');
    }

    std::string updated_at(std::int64_t prospect) {
        return outreach_.get("prospects/" + std::to_string(prospect)).text("/data/attributes/updatedAt");
    }

    std::vector<std::shared_ptr<const event>> stored() {
        std::vector<std::shared_ptr<const event>> all;
        const auto found = events_.open_reader()->events_after(0, 100'000, 1UL << 30U);
        for (const store::stored_event& one : found.value())
            all.push_back(one.subject);
        return all;
    }

    store::temporary_directory directory_;
    store::recording_observer watcher_;
    store::store events_{{.directory = directory_.path()}, watcher_};
    running_sandbox outreach_;
    std::shared_ptr<handlers::outreach::access> shared_;
    wall_time since_ = wall_now() - std::chrono::hours{1};
    std::string source_ = "outreach"; ///< Of the endpoint that Outreach sends to.
    std::vector<std::string> waited_for_;
    std::atomic<bool> is_over_ = false;
};

} // namespace outreachd::outreach
