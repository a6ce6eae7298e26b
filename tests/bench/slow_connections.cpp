#include "tests/bench/slow_connections.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include <sys/epoll.h>
#include <unistd.h>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto look_interval = 20ms;
/// So many connections begin at a look, so that opening thousands doesn't crowd out the load itself.
constexpr std::size_t begun_at_a_look = 50;

enum class dawdles_in { handshake, headers, body };

/// What each kind sends: a part at once, the rest byte by byte.
struct slow_texts {
    explicit slow_texts(const request_shape& shape) {
        const signed_request request{shape};
        whole_request = request.bytes();
        head_bytes = whole_request.size() - request.body().size();
        // The head of a record that announces a ClientHello of 512 bytes, which then never comes to its end.
        hello = std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11} + std::string(500, 'r');
    }

    std::string_view text(dawdles_in where) const {
        return where == dawdles_in::handshake ? hello : whole_request;
    }

    std::size_t quick_bytes(dawdles_in where) const {
        constexpr std::size_t record_head_bytes = 5;
        switch (where) {
        case dawdles_in::handshake:
            return record_head_bytes;
        case dawdles_in::headers:
            return std::string_view{"POST /"}.size();
        case dawdles_in::body:
            return head_bytes;
        }
        return 0;
    }

    std::string whole_request;
    std::size_t head_bytes = 0;
    std::string hello;
};

struct slow_connection {
    slow_connection(const tls_context& context, const target& to, int epoll, std::size_t index)
        : connection{context, to, epoll, index}, where{static_cast<dawdles_in>(index % 3)} {}

    tls_connection connection;
    dawdles_in where;
    std::size_t sent_bytes = 0; ///< Of its text.
    clock::time_point next_byte;
};

/// The connections themselves, in the thread that drives them.
class slow_crowd {
public:
    slow_crowd(const slow_plan& plan, const tls_context& context, const target& to, slow_counts& counts)
        : interval_{plan.interval}, texts_{plan.shape}, counts_{counts}, epoll_{
                                                                             epoll_create1(EPOLL_CLOEXEC)} {
        for (std::size_t index = 0; index < plan.connections; ++index) {
            all_.push_back(std::make_unique<slow_connection>(context, to, epoll_, index));
        }
    }

    ~slow_crowd() {
        all_.clear();
        ::close(epoll_);
    }

    slow_crowd(const slow_crowd&) = delete;
    slow_crowd& operator=(const slow_crowd&) = delete;

    /// Waits for events for a moment, then sends what is due.
    void look() {
        std::array<epoll_event, 256> events;
        const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     static_cast<int>(look_interval / 1ms));
        for (int i = 0; i < ready; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            attend(*all_[event.data.u64], event.events);
        }
        std::size_t begun = 0;
        std::size_t dawdling = 0;
        const auto now = clock::now();
        for (const auto& each : all_) {
            if (!each->connection.is_open() && begun < begun_at_a_look) {
                ++begun;
                begin(*each);
            } else if (each->sent_bytes > 0 && now >= each->next_byte) {
                attend(*each, 0);
            }
            dawdling += each->sent_bytes > 0 ? 1U : 0U;
        }
        counts_.dawdling = dawdling;
    }

private:
    void begin(slow_connection& each) {
        ++counts_.connections;
        if (each.connection.open() != progress::blocked) {
            end(each);
        }
    }

    void end(slow_connection& each) {
        ++counts_.ended;
        each.connection.close();
        each.sent_bytes = 0;
    }

    void attend(slow_connection& each, std::uint32_t events) {
        // A connection without TLS is never read, so that its end shows in the events alone.
        const bool has_ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        const progress reached =
            each.where == dawdles_in::handshake && has_ended ? progress::closed : go_on(each);
        if (each.connection.is_open() && reached != progress::done && reached != progress::blocked) {
            end(each);
        }
    }

    progress go_on(slow_connection& each) {
        if (each.where != dawdles_in::handshake) {
            if (!each.connection.is_established()) {
                const progress established = each.connection.establish();
                if (established != progress::done) {
                    return established;
                }
            }
            std::array<char, 512> room;
            std::size_t bytes = 0;
            const progress heard = each.connection.read(room, bytes);
            if (heard != progress::blocked) {
                return heard == progress::done ? progress::closed : heard; // An answer ends it as well.
            }
        }
        return send(each);
    }

    /// The quick part, or the one byte that is due.
    progress send(slow_connection& each) {
        const std::string_view text = texts_.text(each.where);
        std::size_t until = texts_.quick_bytes(each.where);
        const auto now = clock::now();
        if (each.sent_bytes >= until) {
            if (now < each.next_byte || each.sent_bytes == text.size()) {
                return progress::blocked;
            }
            until = each.sent_bytes + 1;
            ++counts_.bytes;
        }
        std::string_view rest = text.substr(each.sent_bytes, until - each.sent_bytes);
        const progress written = each.where == dawdles_in::handshake ? each.connection.write_plain(rest)
                                                                     : each.connection.write(rest);
        each.sent_bytes = until - rest.size();
        each.next_byte = now + interval_;
        return written;
    }

    std::chrono::nanoseconds interval_;
    slow_texts texts_;
    slow_counts& counts_;
    int epoll_;
    std::deque<std::unique_ptr<slow_connection>> all_;
};

} // namespace

slow_connections::slow_connections(const slow_plan& plan, const tls_context& context, const target& to)
    : thread_{[this, plan, &context, &to] {
          slow_crowd crowd{plan, context, to, counts_};
          while (!stops_) {
              crowd.look();
          }
      }} {}

slow_connections::~slow_connections() {
    stops_ = true;
    thread_.join();
}

} // namespace outreachd::bench
