/// What goes wrong at a broker that runs, and is mended there: the daemons say it and go on by themselves.
#include "tests/integration/long_run.hpp"
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/servers/rabbitmq_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <thread>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using testing::HasSubstr;
using testing::Not;

constexpr const char* password = "a-password-of-the-tests";

/// `make` and `mend` are Erlang for the broker, in which V is the virtual host, U the daemons' user and P his
/// password. CLOSE ends connections, since who may no longer come in would else stay where he is.
struct trouble {
    const char* name;
    const char* make;
    const char* mend;             ///< Empty where the daemons mend it.
    const char* told_by_receiver; ///< Stands in `status`, `/readyz` and the log.
    const char* told_by_worker;   ///< Empty where it doesn't matter to one.
    bool empties_work_queues = false;
};

const trouble troubles[] = {
    {"WorkQueuesDeleted",
     "[begin {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(V, queue, <<\"outreachd.work.\", "
     "(integer_to_binary(N))/binary>>)), rabbit_amqqueue:delete(Q, false, false, U) end || N <- "
     "lists:seq(0, 7)]",
     "", "312 NO_ROUTE", "", true},
    {"ExchangeDeleted",
     "rabbit_exchange:delete(rabbit_misc:r(V, exchange, <<\"outreach.events\">>), false, U)", "",
     "NOT_FOUND - no exchange 'outreach.events'", ""},
    {"PermissionRevoked",
     "rabbit_auth_backend_internal:set_permissions(U, V, <<\"\">>, <<\"\">>, <<\"\">>, U), CLOSE",
     "rabbit_auth_backend_internal:set_permissions(U, V, <<\".*\">>, <<\".*\">>, <<\".*\">>, U)",
     "ACCESS_REFUSED - access to", "ACCESS_REFUSED - access to"},
    {"WrongPassword", "rabbit_auth_backend_internal:change_password(U, <<\"another\">>, U), CLOSE",
     "rabbit_auth_backend_internal:change_password(U, P, U)", "ACCESS_REFUSED - Login was refused",
     "ACCESS_REFUSED - Login was refused"},
    {"WrongVirtualHost", "rabbit_vhost:delete(V, U)",
     "rabbit_vhost:add(V, U), rabbit_auth_backend_internal:set_permissions(U, V, <<\".*\">>, <<\".*\">>, "
     "<<\".*\">>, U)",
     "NOT_ALLOWED - vhost", "NOT_ALLOWED - vhost", true},
    {"DiskAlarm", "rabbit_disk_monitor:set_disk_free_limit(1 bsl 60)",
     "rabbit_disk_monitor:set_disk_free_limit(\"50MB\")", "the broker takes no more for now: low on disk",
     ""},
};

/// Asks a daemon again and again what it says of itself; some troubles are over in a moment.
class told_watch {
public:
    told_watch(const daemon_under_test& daemon, const char* what)
        : daemon_(daemon), what_(what), thread_([this] { run(); }) {}

    ~told_watch() {
        is_ending_ = true;
        thread_.join();
    }

    told_watch(const told_watch&) = delete;
    told_watch& operator=(const told_watch&) = delete;

    bool was_in_status() const { return was_in_status_; }

    bool was_in_readyz() const { return was_in_readyz_; }

    /// A receiver that is taken out of service can't store what it could.
    bool was_always_ready() const { return was_always_ready_; }

private:
    void run() {
        while (!is_ending_) {
            was_in_status_ = was_in_status_ || status_of(daemon_).find(what_) != std::string::npos;
            const std::string ready = daemon_.admin_get("/readyz");
            was_in_readyz_ = was_in_readyz_ || ready.find(what_) != std::string::npos;
            was_always_ready_ = was_always_ready_ && ready.starts_with("200");
            sleep_for(10ms);
        }
    }

    const daemon_under_test& daemon_;
    const std::string what_;
    std::atomic<bool> is_ending_ = false;
    std::atomic<bool> was_in_status_ = false;
    std::atomic<bool> was_in_readyz_ = false;
    std::atomic<bool> was_always_ready_ = true;
    std::thread thread_;
};

/// How often a log has it as news, by what it is about.
std::map<std::string, int> times_told(const daemon_under_test& daemon, const std::string& what) {
    std::map<std::string, int> found;
    std::istringstream lines(daemon.log());
    for (std::string line; std::getline(lines, line);)
        if (line.find("; trying again") != std::string::npos && line.find(what) != std::string::npos) {
            const std::size_t about = line.find(" about=");
            ++found[line.substr(about, line.find(" cause=") - about)];
        }
    return found;
}

/// A receiver and a worker with a user and a virtual host of their own, under a load.
class BrokerTroubles : public testing::TestWithParam<trouble> {
protected:
    BrokerTroubles()
        : vhost_(broker().new_vhost()), uri_(broker().uri(vhost_)),
          receiver_(
              through_broker({.uris = {own_uri()}, .roles = "[receive]", .handlers = "", .routes = ""})),
          worker_(through_broker({.uris = {own_uri()}, .roles = "[work]"})) {
        at_broker(
            "rabbit_auth_backend_internal:add_user(U, P, U), "
            "rabbit_auth_backend_internal:set_permissions(U, V, <<\".*\">>, <<\".*\">>, <<\".*\">>, U)");
        receiver_.start();
        worker_.start();
    }

    static rabbitmq_node& broker() { return rabbitmq_node::shared(); }

    std::string own_uri() const {
        std::string own = uri_;
        return own.replace(own.find("guest:guest"), 11, "of-" + vhost_ + ":" + password);
    }

    std::string at_broker(std::string expressions) const {
        const std::string close = "rabbit_networking:close_connections([P || P <- "
                                  "rabbit_networking:connections()], <<\"for a test\">>)";
        if (const std::size_t at = expressions.find("CLOSE"); at != std::string::npos)
            expressions.replace(at, 5, close);
        return broker().evaluate("V = <<\"" + vhost_ + "\">>, U = <<\"of-" + vhost_ + "\">>, P = <<\"" +
                                 password + "\">>, " + expressions);
    }

    std::string messages_at_broker() const {
        return at_broker("lists:sum([N || [{messages, N}] <- rabbit_amqqueue:info_all(V, [messages])])");
    }

    void expect_told(const daemon_under_test& daemon, const std::string& what, int times) const {
        const auto told = times_told(daemon, what);
        EXPECT_FALSE(told.empty()) << what << " isn't in\n" << daemon.log();
        for (const auto& [about, count] : told)
            EXPECT_EQ(count, times) << what << about << '\n' << daemon.log();
    }

    static bool is_well(const daemon_under_test& daemon) {
        return status_of(daemon).find("\"reasons\":[]") != std::string::npos;
    }

    const std::string vhost_;
    const std::string uri_;
    daemon_under_test receiver_;
    daemon_under_test worker_;
};

TEST_P(BrokerTroubles, AreToldAndPassWithoutARestart) {
    const trouble& what = GetParam();
    ASSERT_TRUE(eventually([&] { return work_queues_of(worker_).size() == 8; }));
    ordered_load senders({receiver_.port()});
    sleep_for(500ms);
    {
        const told_watch receiver_says(receiver_, what.told_by_receiver);
        if (what.empties_work_queues) { // so that more stands in them than was sent to the worker
            worker_.signal(SIGSTOP);
            sleep_for(1500ms);
        }
        at_broker(what.make);
        worker_.signal(SIGCONT);
        const told_watch worker_says(worker_, what.told_by_worker);
        // The same is told again after a minute.
        sleep_for(*what.mend != '\0' ? lasting(75s, 2s) : 1s);
        EXPECT_TRUE(receiver_says.was_in_status()) << status_of(receiver_);
        EXPECT_TRUE(receiver_says.was_in_readyz());
        EXPECT_TRUE(receiver_says.was_always_ready());
        EXPECT_TRUE(worker_says.was_in_status()) << status_of(worker_);
    }
    const int times = *what.mend != '\0' && is_long() ? 2 : 1;
    expect_told(receiver_, what.told_by_receiver, times);
    if (*what.told_by_worker != '\0')
        expect_told(worker_, what.told_by_worker, times);
    if (*what.mend != '\0') {
        EXPECT_TRUE(eventually([&] { return receiver_.metric("outreachd_outbox") >= 500; }))
            << "nothing is kept";
        at_broker(what.mend);
    }
    EXPECT_TRUE(eventually([&] { return receiver_.metric("outreachd_outbox") < 50; }, lasting(300s, 60s)))
        << "the load goes on\n"
        << status_of(receiver_);

    const ordered_load::tally sent = senders.stop();
    EXPECT_TRUE(has_published_all(receiver_)) << status_of(receiver_);
    EXPECT_TRUE(eventually([&] { return messages_at_broker() == "0"; })) << status_of(worker_);
    EXPECT_TRUE(worker_.drained());
    const arrival before = arrived_by_now(sent, {&worker_});
    EXPECT_EQ(before.out_of_order, 0U);
    if (what.empties_work_queues) {
        EXPECT_GT(before.lost, 0U) << "nothing stood in them";
        EXPECT_EQ(receiver_.command({"events", "replay", "--since", "1h"}).exit_code, 0);
    }
    const arrival told = arrived(sent, {&worker_});
    std::cout << sent.acked << " acknowledged, " << sent.acked_per_second << " a second, slowest "
              << sent.slowest_ack.count() << " ms, " << before.lost << " in deleted queues, " << told.lost
              << " lost, " << told.repeats << " repeated, " << before.out_of_order << " out of order\n";
    expect_all_answered(sent);
    EXPECT_EQ(told.lost, 0U);
    EXPECT_EQ(told.repeats, 0U);
    for (const daemon_under_test* const one : {&receiver_, &worker_}) {
        EXPECT_TRUE(eventually([&] { return is_well(*one); })) << status_of(*one);
        EXPECT_EQ(one->metric("outreachd_unaccounted"), 0);
        EXPECT_THAT(one->log(), Not(HasSubstr(password)));
    }
}

INSTANTIATE_TEST_SUITE_P(Each, BrokerTroubles, testing::ValuesIn(troubles),
                         [](const auto& tested) { return std::string(tested.param.name); });

} // namespace
} // namespace outreachd::tests
