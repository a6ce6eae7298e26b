/// Quorum queues that say nothing: without a leader, or without a majority of their nodes.
#include "tests/integration/long_run.hpp"
#include "tests/integration/shared_broker.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/integration/wire_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

bool is_all_well(const daemon_under_test& daemon) {
    return status_of(daemon).find("\"reasons\":[]") != std::string::npos;
}

/// Events `first` to `last`, of as many records.
void post_numbers(const daemon_under_test& to, std::uint64_t first, std::uint64_t last) {
    wire_client client(to.port());
    for (std::uint64_t number = first; number <= last; ++number) {
        ASSERT_TRUE(client.send(signed_post(numbered_body(number))));
        ASSERT_EQ(client.read_answer().status, 200);
    }
}

configuration of_receiver(const std::string& vhost, int partitions) {
    return through_broker({.uris = {broker().uri(vhost)},
                           .roles = "[receive]",
                           .keys = ", partitions: " + std::to_string(partitions),
                           .queue_type = "quorum",
                           .handlers = "",
                           .routes = ""});
}

/// A quorum queue whose process stands still: it neither takes nor refuses.
class hanging_queue {
public:
    hanging_queue(const std::string& vhost, const std::string& name)
        : of_process_("(fun(How) -> {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"" + vhost +
                      "\">>, queue, <<\"" + name +
                      "\">>)), {Name, _} = amqqueue:get_pid(Q), ok = sys:How(Name) end)") {
        broker().evaluate(of_process_ + "(suspend)");
    }

    ~hanging_queue() { broker().evaluate(of_process_ + "(resume)"); }

    hanging_queue(const hanging_queue&) = delete;
    hanging_queue& operator=(const hanging_queue&) = delete;

private:
    const std::string of_process_;
};

TEST(SilentQueues, AWorkQueueHoldsUpNoOther) {
    const std::string vhost = broker().new_vhost();
    daemon_under_test receiver(of_receiver(vhost, 2));
    receiver.start();
    ASSERT_TRUE(eventually([&] { return is_all_well(receiver); }));
    std::uint64_t posted = 0;
    const auto post_some = [&] {
        ASSERT_NO_FATAL_FAILURE(post_numbers(receiver, posted + 1, posted + 30));
        posted += 30;
    };
    // From a new channel RabbitMQ waits for a quorum queue at its first message.
    ASSERT_NO_FATAL_FAILURE(post_some());
    ASSERT_TRUE(has_published_all(receiver));
    double before = receiver.metric("outreachd_published_total");
    const auto others_go_on = [&] {
        return eventually([&] { return receiver.metric("outreachd_published_total") >= before + 5; });
    };
    {
        const hanging_queue hangs(vhost, "outreachd.work.0");
        ASSERT_NO_FATAL_FAILURE(post_some());
        EXPECT_TRUE(others_go_on()) << status_of(receiver);
        EXPECT_TRUE(eventually([&] {
            return status_of(receiver).find("outreachd.work.0: no confirm in time") != std::string::npos;
        })) << status_of(receiver);
        before = receiver.metric("outreachd_published_total");
        ASSERT_NO_FATAL_FAILURE(post_some());
        EXPECT_TRUE(others_go_on()) << status_of(receiver);
        EXPECT_GT(receiver.metric("outreachd_outbox"), 0);
    }
    EXPECT_TRUE(has_published_all(receiver)) << status_of(receiver);
    EXPECT_TRUE(eventually([&] { return is_all_well(receiver); })) << status_of(receiver);
}

/// From a new channel RabbitMQ waits for the queue at its first message, and with it all that comes behind on
/// the channel.
TEST(SilentQueues, AWorkQueueHoldsUpNoOtherFromTheStart) {
    const std::string vhost = broker().new_vhost();
    daemon_under_test receiver(of_receiver(vhost, 4));
    receiver.start(); // which makes the queues
    ASSERT_TRUE(eventually([&] { return is_all_well(receiver); }));
    ASSERT_EQ(receiver.stop(), 0);
    constexpr int count = 200;
    {
        const hanging_queue hangs(vhost, "outreachd.work.0");
        receiver.start();
        ASSERT_NO_FATAL_FAILURE(post_numbers(receiver, 1, count));
        const auto others_are_through = [&] { return receiver.metric("outreachd_outbox") < count / 2; };
        EXPECT_TRUE(eventually(others_are_through, 30s)) << status_of(receiver);
        EXPECT_THAT(status_of(receiver), HasSubstr("outreachd.work.0: no confirm in time"));
        const double published = receiver.metric("outreachd_published_total");
        sleep_for(lasting(40s, 3s)); // it is tried again and again meanwhile
        ASSERT_NO_FATAL_FAILURE(post_numbers(receiver, count + 1, 2 * count));
        EXPECT_TRUE(eventually(
            [&] { return receiver.metric("outreachd_published_total") > published + count / 2; }, 5s))
            << status_of(receiver);
        EXPECT_THAT(status_of(receiver), HasSubstr("outreachd.work.0: no confirm in time"))
            << "it isn't over because it is tried";
    }
    EXPECT_TRUE(has_published_all(receiver)) << status_of(receiver);
    EXPECT_TRUE(eventually([&] { return is_all_well(receiver); })) << status_of(receiver);
}

/// Another program's queue that gets every event.
class SilentQueueOfAnotherProgram : public testing::Test {
protected:
    SilentQueueOfAnotherProgram() {
        daemon_.start(); // which makes the exchange
        EXPECT_TRUE(eventually([&] { return work_queues_of(daemon_).size() == 8; }));
        const finished_process bound = run_program(
            {"/usr/bin/python3", "-c",
             "import pika, sys\n"
             "channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()\n"
             "channel.queue_declare('theirs', durable=True, arguments={'x-queue-type': 'quorum'})\n"
             "channel.queue_bind('theirs', 'outreach.events', '#')\n",
             broker().uri(vhost_)});
        EXPECT_EQ(bound.exit_code, 0) << bound.err;
    }

    bool has_delivered(std::size_t events, std::chrono::milliseconds within) {
        return eventually([&] { return daemon_.delivered().size() == events; }, within);
    }

    bool is_told() const {
        return status_of(daemon_).find("outreach.events: it confirms nothing") != std::string::npos;
    }

    /// How many different events stand in it.
    std::string theirs() {
        const finished_process read =
            run_program({"/usr/bin/python3", "-c",
                         "import pika, sys\n"
                         "channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()\n"
                         "ids = set()\n"
                         "for method, properties, _ in channel.consume('theirs', inactivity_timeout=2):\n"
                         "    if method is None:\n"
                         "        break\n"
                         "    ids.add(properties.message_id)\n"
                         "print(len(ids), end='')\n",
                         broker().uri(vhost_)});
        EXPECT_EQ(read.exit_code, 0) << read.err;
        return read.out;
    }

    /// Once it answers again.
    void expect_all_is_well(std::size_t events) {
        EXPECT_TRUE(eventually([&] { return daemon_.metric("outreachd_outbox") == 0; }, 150s))
            << status_of(daemon_);
        EXPECT_TRUE(eventually([&] { return is_all_well(daemon_); }, 40s)) << status_of(daemon_);
        EXPECT_EQ(theirs(), std::to_string(events));
        EXPECT_EQ(daemon_.delivered().size(), events);
        for (const auto& [id, lines] : daemon_.delivered())
            EXPECT_EQ(lines.size(), 1U) << id;
        EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);
    }

    const std::string vhost_ = broker().new_vhost();
    daemon_under_test daemon_{through_broker({.uris = {broker().uri(vhost_)}})};
};

TEST_F(SilentQueueOfAnotherProgram, KeepsNothingFromWorkers) {
    ASSERT_NO_FATAL_FAILURE(post_numbers(daemon_, 1, 1));
    ASSERT_TRUE(has_delivered(1, 10s));
    {
        const hanging_queue hangs(vhost_, "theirs");
        ASSERT_NO_FATAL_FAILURE(post_numbers(daemon_, 2, 600));
        EXPECT_TRUE(has_delivered(600, 8s)) << daemon_.delivered().size() << status_of(daemon_);
        EXPECT_TRUE(is_told()) << status_of(daemon_);
        sleep_for(lasting(30s, 0s));
        ASSERT_NO_FATAL_FAILURE(post_numbers(daemon_, 601, 700));
        EXPECT_TRUE(has_delivered(700, 2s)) << "nothing waits any more";
        EXPECT_EQ(daemon_.metric("outreachd_outbox"), 699) << "until theirs has it, too";
    }
    expect_all_is_well(700);
    EXPECT_LE(daemon_.metric("outreachd_taken_in_repeats_total"), 0)
        << "what a work queue has isn't sent there again";
}

TEST_F(SilentQueueOfAnotherProgram, KeepsNothingFromWorkersFromTheStart) {
    ASSERT_EQ(daemon_.stop(), 0);
    {
        const hanging_queue hangs(vhost_, "theirs");
        daemon_.start();
        ASSERT_NO_FATAL_FAILURE(post_numbers(daemon_, 1, 300));
        EXPECT_TRUE(has_delivered(300, 10s)) << daemon_.delivered().size() << status_of(daemon_);
        ASSERT_TRUE(eventually([&] { return is_told(); }));
        sleep_for(lasting(60s, 2s));
        daemon_.kill();
        daemon_.start();
        ASSERT_NO_FATAL_FAILURE(post_numbers(daemon_, 301, 400));
        EXPECT_TRUE(has_delivered(400, 10s)) << daemon_.delivered().size() << status_of(daemon_);
        EXPECT_LE(daemon_.metric("outreachd_taken_in_repeats_total"), 128)
            << "the window; of the rest it is known";
    }
    expect_all_is_well(400);
}

} // namespace
} // namespace outreachd::tests
