/// A real store whose deliveries are replayed, revived and discarded.
#pragma once

#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace outreachd::store {

class Mending : public testing::Test {
protected:
    void TearDown() override {
        if (opened_) {
            EXPECT_EQ(differences(*opened_), "");
        }
    }

    void open(const retention& kept = {}, std::chrono::milliseconds repeat_window = std::chrono::hours{24}) {
        opened_.reset();
        opened_ = std::make_unique<store>(options{directory_.path(), repeat_window, kept}, observer_);
    }

    /// The counts hold now, and after a restart.
    void expect_no_differences_over_a_restart() {
        EXPECT_EQ(differences(*opened_), "");
        open();
        EXPECT_EQ(differences(*opened_), "");
    }

    /// A stored event that is routed so; gives back its place.
    sequence add(int id, std::vector<destination> handlers, const std::string& dead_reason = {}) {
        const auto added = append(*opened_, task_body(id));
        EXPECT_FALSE(added.ec);
        const sequence at = opened_->open_reader()->story(added.result.id).value().summary.sequence;
        ids_[at] = added.result.id;
        route(*opened_, {{at, std::move(handlers), key_of(at), dead_reason}});
        return at;
    }

    static std::uint64_t key_of(sequence at) { return static_cast<std::uint64_t>(at) * 3; }

    void settle_as(sequence at, const std::string& handler, delivery_state state, std::uint32_t attempts = 1,
                   const std::string& reason = {}) {
        settlement what{at, handler, state, attempts, wall_now(), std::chrono::milliseconds{2},
                        {}, reason,  {}};
        if (state == delivery_state::retry)
            what.next_attempt_at = wall_now() + std::chrono::hours{1};
        if (state == delivery_state::dead)
            what.last_answer = "answer";
        settle(*opened_, what);
    }

    event_story story(sequence at) { return opened_->open_reader()->story(ids_.at(at)).value(); }

    event_state state(sequence at) { return story(at).summary.state; }

    delivery_record delivery(sequence at, const std::string& handler) {
        for (const delivery_record& one : story(at).summary.deliveries)
            if (one.handler == handler)
                return one;
        ADD_FAILURE() << "no delivery to " << handler;
        return {};
    }

    std::vector<unfinished_delivery> unfinished(const std::string& handler) {
        return opened_->open_reader()->unfinished(handler, 0, 1000).value();
    }

    std::uint64_t replay_to(sequence at, std::vector<destination> handlers) {
        return replay(*opened_, {{at, std::move(handlers), key_of(at), {}}});
    }

    std::string file(int number = 1) const {
        return directory_.path() + "/events-00000" + std::to_string(number) + ".db";
    }

    temporary_directory directory_;
    recording_observer observer_;
    std::unique_ptr<store> opened_;
    std::map<sequence, event_id> ids_;
};

} // namespace outreachd::store
