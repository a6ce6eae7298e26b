/// A connection's life: greeting, idling, time, end. What happens to a request stands in
/// connection_request.cpp.
#include "daemon/ingress/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace outreachd::ingress {
namespace {

/// A peer that always has more to say must not keep a thread from the other connections.
constexpr std::uint32_t turns_max = 32;
/// What may have come behind the last request, its close_notify above all, is read to so much.
constexpr int unread_records_max = 4;

/// The sender's address as people write it; IPv4 stays IPv4 on a dual-stack socket.
std::string address_of(const tcp_socket& socket) {
    error_code ec;
    const auto remote = socket.remote_endpoint(ec);
    if (ec)
        return {};
    asio::ip::address address = remote.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return address.to_string();
}

} // namespace

connection::connection(std::shared_ptr<services> shared, tcp_socket socket, steady_time accepted_at)
    : shared_(std::move(shared)), stream_(std::move(socket), shared_->tls.get().get()),
      timer_(stream_.socket().get_executor()), peer_(address_of(stream_.socket())), share_(shared_->bodies),
      begin_(accepted_at), last_bytes_at_(accepted_at) {}

void connection::start() {
    asio::co_spawn(timer_.get_executor(), serve(),
                   [self = shared_from_this()](const std::exception_ptr& thrown) {
                       if (thrown)
                           self->note_exception(thrown);
                       self->end(next::reset);
                   });
}

void connection::drain() {
    asio::post(timer_.get_executor(), [self = shared_from_this()] {
        if (self->is_idle_)
            self->end_idleness();
    });
}

void connection::abort() {
    asio::post(timer_.get_executor(), [self = shared_from_this()] { self->reset_now(); });
}

void connection::give_way(steady_time since) {
    asio::post(timer_.get_executor(), [self = shared_from_this(), since] {
        if (self->dawdles_since_ == since)
            self->reset_now();
    });
}

void connection::forget() {
    // A clean end would look to the peer as if it had been served.
    if (has_request_ || requests_ == 0 || !received_.empty() || stream_.has_partial_record())
        stream_.reset();
    if (const auto wait = wait_)
        wait->forget();
}

awaitable<> connection::serve() {
    const bool is_greeted = co_await greet();
    next then = is_greeted ? next::request : end_unanswered();
    while (then == next::request) {
        if (requests_ > 0 && received_.empty()) {
            const bool has_come = co_await wait_for_request();
            if (!has_come) {
                then = next::close;
                break;
            }
        }
        then = co_await serve_request();
        end_dawdling();
        share_.give_back();
        if (++turns_ >= turns_max)
            co_await let_others_run();
    }
    if (then == next::linger)
        co_await linger();
    end(then);
}

awaitable<bool> connection::greet() {
    limit_to(phase_deadline(answer_deadline(begin_), begin_, shared_->limits.handshake_timeout));
    const io_state state = co_await stream_.handshake();
    if (state == io_state::done)
        co_return true;
    const char* const reason = is_over_ ? "too slow" : stream_.failure();
    shared_->log.debug("handshake failed", {{"peer", peer_}, {"reason", reason}});
    // A certificate that Outreach doesn't trust shows nowhere else on this side.
    if (const auto count = shared_->greetings.count(std::chrono::steady_clock::now()))
        shared_->log.info("TLS handshakes failed",
                          {{"count", *count}, {"last_peer", peer_}, {"last_reason", reason}});
    co_return false;
}

awaitable<bool> connection::wait_for_request() {
    endpoint_.clear();
    const steady_time now = std::chrono::steady_clock::now();
    is_idle_ = true;
    limit_to(now + shared_->limits.idle_timeout);
    bool has_come = false;
    for (;;) {
        const io_result got = stream_.try_receive(received_, first_read_bytes_max);
        // A part of a record is a request that has begun.
        has_come = got.state == io_state::done || stream_.has_partial_record();
        if (has_come || got.state == io_state::end || got.state == io_state::failed)
            break;
        // Looked at after the read: what has come before the end of idleness is still served.
        if (is_over_ || shared_->is_draining)
            break;
        received_.shrink_to_fit(); // An idle connection holds no buffer; an assignment would keep it.
        idle_.set(now);
        co_await stream_.wait(got.state);
    }
    is_idle_ = false;
    idle_.set(since_mark::busy);
    last_bytes_at_ = std::chrono::steady_clock::now();
    if (!has_come || !stream_.is_open())
        co_return false;
    if (is_over_) { // The request came first after all, and there may be no timer any more.
        is_over_ = false;
        deadline_ = {};
    }
    co_return true;
}

awaitable<> connection::linger() {
    constexpr std::chrono::seconds linger_time_max{2};
    limit_to(std::chrono::steady_clock::now() + linger_time_max);
    stream_.send_end();
    for (std::uint64_t bytes = 0; bytes < shared_->limits.body_bytes_max; bytes += received_.size()) {
        received_.clear();
        const io_state got = co_await receive(received_, received_.max_size());
        if (got != io_state::done)
            break;
    }
}

awaitable<io_state> connection::receive(std::string& into, std::size_t bytes_max) {
    if (!share_.hold_beside(held_beside_body())) {
        const bool has_room = co_await wait_for_memory({});
        if (!has_room)
            co_return io_state::failed;
    }
    for (;;) {
        const io_result got = stream_.try_receive(into, bytes_max);
        if (got.state == io_state::done) {
            last_bytes_at_ = std::chrono::steady_clock::now();
            has_request_ = true;
            // A peer that never lets us wait would never meet the timer.
            if (deadline_.has_passed(last_bytes_at_)) {
                reset_now();
                co_return io_state::failed;
            }
            if (++turns_ >= turns_max)
                co_await let_others_run();
            co_return is_over_ ? io_state::failed : got.state; // it may have ended meanwhile
        }
        if (got.state == io_state::end || got.state == io_state::failed)
            co_return got.state;
        note_dawdling(begin_ + memory_wait_);
        const bool is_ready = co_await stream_.wait(got.state);
        if (!is_ready)
            co_return io_state::failed;
    }
}

/// An empty buffer is given back first. OpenSSL's, of one TLS record at most, is left to the connection.
std::uint64_t connection::held_beside_body() {
    if (received_.empty())
        received_.shrink_to_fit();
    return head_bytes_ + received_.capacity();
}

void connection::note_dawdling(steady_time since) noexcept {
    if (!share_.has_taken())
        return;
    would_give_.store(share_.taken(), std::memory_order_relaxed);
    would_give_large_.store(share_.is_large(), std::memory_order_relaxed);
    dawdles_since_ = since;
    dawdling_.set(since);
}

void connection::end_dawdling() noexcept {
    dawdles_since_ = since_mark::busy;
    dawdling_.set(since_mark::busy);
}

awaitable<> connection::let_others_run() {
    turns_ = 0;
    co_await asio::post(timer_.get_executor(), asio::use_awaitable_t<strand>{});
}

connection::next connection::end_unanswered() {
    if (!is_over_)
        return next::close; // The peer has gone.
    if (has_request_)
        shared_->metrics.count_request(endpoint_, to_label(request_outcome::reset));
    has_request_ = false;
    return next::reset;
}

void connection::end(next how) {
    if (has_ended_)
        return;
    has_ended_ = true;
    timer_.cancel();
    if (how == next::reset)
        stream_.reset();
    else if (how == next::close)
        stream_.send_end();
    if (how == next::close && has_said_close_)
        take_in_the_rest();
    stream_.close();
    shared_->open.remove(this);
}

/// A socket that is closed before it was read to the end is reset, and with it the answer on its way. Only
/// where the peer was told that nothing more is served: else its next request must be reset.
void connection::take_in_the_rest() {
    std::string unwanted;
    for (int record = 0; record < unread_records_max; ++record, unwanted.clear())
        if (stream_.try_receive(unwanted, unwanted.max_size()).state != io_state::done)
            return;
}

void connection::note_exception(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        shared_->log.error("connection failed, it is reset", {{"peer", peer_}, {"reason", error.what()}});
    } catch (...) {
        shared_->log.error("connection failed, it is reset", {{"peer", peer_}});
    }
}

void connection::limit_to(steady_time at) {
    if (deadline_.set(at))
        set_timer();
}

void connection::set_timer() {
    timer_.expires_at(deadline_.arm(std::chrono::steady_clock::now()));
    timer_.async_wait([self = shared_from_this()](error_code ec) {
        if (!ec)
            self->on_timer();
    });
}

void connection::on_timer() {
    if (has_ended_)
        return;
    if (!deadline_.has_passed(std::chrono::steady_clock::now()))
        return set_timer();
    if (!is_idle_)
        return reset_now();
    end_idleness();
}

/// What has come by now is still served.
void connection::end_idleness() {
    is_over_ = true;
    stream_.cancel_wait();
}

void connection::reset_now() {
    is_over_ = true;
    stream_.reset();
    timer_.cancel(); // Somebody may wait for the deadline alone.
    if (memory_pause_)
        memory_pause_->cancel();
    if (wait_)
        wait_->abandon();
}

} // namespace outreachd::ingress
