/// Which links a host has.
#include "daemon/broker_links.hpp"
#include "daemon/store/database.hpp"
#include "tests/unit/store/mended_store.hpp"

#include <fstream>
#include <memory>

namespace outreachd {
namespace {

class BrokerLinks : public store::Mending {
protected:
    void receive_one() {
        opened_->route_at_append(
            [](const store::stored_event& fresh) { return std::optional{route_to_outbox(fresh)}; });
        ASSERT_FALSE(append(*opened_, store::task_body(1)).ec);
        EXPECT_TRUE(store::eventually([&] { return opened_->outbox().pending == 1; }));
    }

    /// Of a host that only works.
    bool has_relay() {
        settings::settings configured;
        configured.queue.type = settings::queue_type::amqp;
        configured.roles = {.receives = false, .works = true};
        log::logger log{log::level::error, log::format::text};
        const broker_links links(
            configured, *opened_, log, [](const store::stored_event&) { return store::routing{}; },
            [](store::sequence) { return false; });
        return links.status().value().relay.has_value();
    }
};

TEST_F(BrokerLinks, AWorkerPublishesWhatItReceivedBefore) {
    open();
    EXPECT_FALSE(has_relay());
    receive_one();
    EXPECT_TRUE(has_relay());
}

TEST_F(BrokerLinks, AWorkerPublishesWhatIsYetToBeCarriedOver) {
    open();
    receive_one();
    opened_.reset();
    // The older file is there, and can't be read now.
    auto holder = std::make_unique<store::database>(file(), store::open_mode::write);
    holder->execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    std::ofstream(file(2), std::ios::binary).put('x');
    open();
    EXPECT_TRUE(has_relay());
    EXPECT_EQ(opened_->outbox().pending, 0U) << "was it carried over already?";
    holder.reset();
    EXPECT_TRUE(store::eventually([&] { return !opened_->is_carrying_over(); }));
    EXPECT_EQ(opened_->outbox().pending, 1U);
}

} // namespace
} // namespace outreachd
