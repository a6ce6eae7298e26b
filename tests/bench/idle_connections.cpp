#include "tests/bench/idle_connections.hpp"

#include "tests/bench/response_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

/// A server's accept queue is longer than this, so that no connection waits for a second SYN.
constexpr std::size_t opening_max = 64;
constexpr std::size_t spare_descriptors = 64;

enum class stage { opening, held, lost };

struct held_connection {
    held_connection(const tls_context& context, const target& to, int epoll, std::size_t index)
        : connection{context, to, epoll, index} {}

    tls_connection connection;
    enum stage stage = stage::opening;
    std::string request;
    std::string_view unsent;
    response_reader response;
};

class idle_holder {
public:
    idle_holder(const load_plan& plan, const tls_context& context, const target& to)
        : plan_{plan}, context_{context}, to_{to}, signer_{plan.secret}, request_{plan.shape},
          epoll_{epoll_create1(EPOLL_CLOEXEC)} {
        if (epoll_ < 0) {
            throw std::system_error{errno, std::system_category(), "epoll_create1"};
        }
    }

    ~idle_holder() {
        held_.clear();
        ::close(epoll_);
    }

    idle_holder(const idle_holder&) = delete;
    idle_holder& operator=(const idle_holder&) = delete;

    /// Until each is held or lost, or none got further for the plan's timeout.
    void open(std::size_t count) {
        auto last_step = tally::clock::now();
        while (held_.size() < count || opening_ > 0) {
            while (held_.size() < count && opening_ < opening_max) {
                begin();
            }
            if (handle_events(100ms)) {
                last_step = tally::clock::now();
            } else if (tally::clock::now() > last_step + plan_.timeout) {
                first_failure_ = first_failure_.empty() ? "no answer in time" : first_failure_;
                return;
            }
        }
    }

    void watch_for(std::chrono::nanoseconds time) {
        const auto end = tally::clock::now() + time;
        while (tally::clock::now() < end) {
            handle_events(50ms);
        }
    }

    std::size_t held() const {
        return static_cast<std::size_t>(std::count_if(
            held_.begin(), held_.end(), [](const auto& each) { return each->stage == stage::held; }));
    }

    const std::string& first_failure() const { return first_failure_; }

private:
    void begin() {
        held_.push_back(std::make_unique<held_connection>(context_, to_, epoll_, held_.size()));
        held_connection& next = *held_.back();
        request_.stamp(signer_, plan_.first_id + held_.size());
        next.request = request_.bytes();
        next.unsent = next.request;
        ++opening_;
        if (next.connection.open() != progress::blocked) {
            lose(next);
        }
    }

    bool handle_events(std::chrono::milliseconds timeout) {
        std::array<epoll_event, 128> events;
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     static_cast<int>(timeout.count()));
        for (int i = 0; i < count; ++i) {
            held_connection& each = *held_[events[static_cast<std::size_t>(i)].data.u64];
            if (each.stage != stage::lost && go_on(each) != progress::blocked) {
                lose(each);
            }
        }
        return count > 0;
    }

    /// `blocked` is the only good outcome: an answered connection waits for ever.
    progress go_on(held_connection& each) {
        if (!each.connection.is_established()) {
            const progress established = each.connection.establish();
            if (established != progress::done) {
                return established;
            }
        }
        if (!each.unsent.empty()) {
            const progress written = each.connection.write(each.unsent);
            if (written != progress::done) {
                return written;
            }
        }
        std::size_t bytes = 0;
        progress read = each.connection.read(room_, bytes);
        while (read == progress::done) {
            if (each.response.feed({room_.data(), bytes}) == response_reader::state::complete) {
                if (each.response.status() != 200 || each.response.closes_connection()) {
                    return progress::failed;
                }
                each.stage = stage::held;
                each.request = {};
                each.response = {};
                --opening_;
            }
            read = each.connection.read(room_, bytes);
        }
        return read;
    }

    void lose(held_connection& each) {
        if (first_failure_.empty()) {
            const std::string& failure = each.connection.failure();
            first_failure_ = failure.empty() ? "an answer other than 200" : failure;
        }
        opening_ -= each.stage == stage::opening ? 1 : 0;
        each.stage = stage::lost;
        each.connection.close();
    }

    const load_plan& plan_;
    const tls_context& context_;
    const target& to_;
    signer signer_;
    signed_request request_;
    int epoll_;
    std::vector<std::unique_ptr<held_connection>> held_;
    std::size_t opening_ = 0;
    std::string first_failure_;
    std::array<char, 16 * 1024> room_;
};

} // namespace

idle_result hold_idle(std::size_t connections, std::chrono::nanoseconds hold, const load_plan& plan,
                      const tls_context& context, const target& to, const process_group& server) {
    allow_descriptors(connections + spare_descriptors);
    {
        idle_holder one{plan, context, to};
        one.open(1);
    }
    std::this_thread::sleep_for(hold);

    idle_result result;
    result.before = server.usage();
    load_plan later = plan;
    later.first_id += 2;
    idle_holder all{later, context, to};
    all.open(connections);
    result.opened = all.held();
    result.failed = connections - result.opened;
    all.watch_for(hold);
    result.after = server.usage();
    result.still_open = all.held();
    result.first_failure = all.first_failure();
    return result;
}

void allow_descriptors(std::size_t needed) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < needed) {
        throw std::runtime_error{"this needs " + std::to_string(needed) + " open files, the limit is " +
                                 std::to_string(limit.rlim_max) + ": raise it with `ulimit -Hn`"};
    }
}

} // namespace outreachd::bench
