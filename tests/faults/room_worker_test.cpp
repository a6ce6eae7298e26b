/// A worker whose disk has no room for what an older file holds leaves the work queues to others, by a real
/// RabbitMQ broker.
#include "daemon/amqp/intake.hpp"
#include "tests/faults/fault_injection.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;

class NoRoomForAWorker : public DamagedStoreFiles {
protected:
    static settings::amqp_queue queue() {
        rabbitmq_node& node = rabbitmq_node::shared();
        settings::amqp_queue made;
        made.nodes.uris = {secret{node.uri(node.new_vhost())}};
        return made;
    }

    amqp::intake worker_of(store& events) {
        return amqp::intake(
            queue_, events, log_,
            [](const stored_event& fresh) {
                return routing{fresh.sequence, {"crm"}, 0, {}};
            },
            [](sequence) { return false; });
    }

    const settings::amqp_queue queue_ = queue();
    log::logger log_{log::level::warn, log::format::text};
};

TEST_F(NoRoomForAWorker, LeavesTheQueuesToOthersAndTakesItsShareBehindIt) {
    tests::small_disk disk(directory_.path(), "200m");
    make_killed(60);
    flip_a_bit_of_the_wal();
    disk.fill(std::filesystem::file_size(file() + "-wal") - 1);
    store events(options{.directory = directory_.path()}, observer_);
    ASSERT_TRUE(eventually([&] { return events.room_wanted().has_value(); }));
    ASSERT_TRUE(events.is_carrying_over());
    const temporary_directory elsewhere;
    recording_observer quiet;
    store others(options{.directory = elsewhere.path()}, quiet);

    amqp::intake hindered = worker_of(events);
    hindered.start();
    amqp::intake other = worker_of(others);
    other.start();
    EXPECT_TRUE(eventually([&] { return other.figures().held.size() == 8; })) << "all of them";
    EXPECT_TRUE(hindered.figures().held.empty());

    disk.empty();
    EXPECT_TRUE(eventually([&] { return hindered.figures().held.size() == 4; }));
    EXPECT_TRUE(eventually([&] { return other.figures().held.size() == 4; }));
}

} // namespace
} // namespace outreachd::store
