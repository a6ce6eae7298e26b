/// One request of a connection, from its first byte to its answer.
#include "daemon/event/held_bytes.hpp"
#include "daemon/ingress/connection.hpp"
#include "daemon/ingress/request.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <optional>

namespace outreachd::ingress {
namespace {

/// An unwanted body up to this is read, so that the connection can be kept.
constexpr std::uint64_t unwanted_body_bytes_max = 64 * 1024;
constexpr std::size_t read_bytes_max = 16 * 1024;
/// Who waits for memory looks again after this time, then after twice as long, and so on.
constexpr std::chrono::milliseconds memory_pause_first{5};
constexpr std::size_t tries_growing_max = 6;
constexpr std::size_t uncovered_tries_max = 4;
/// Whose sender is waited for gives way by so much earlier than who waits for memory.
constexpr std::chrono::seconds waiting_grace{1};
constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

/// What is held without room for it by a request that waits for memory. Goes back with it.
class uncovered_piece {
public:
    explicit uncovered_piece(body_budget& from) noexcept : from_(from) {}

    ~uncovered_piece() { from_.give_back(bytes_); }

    uncovered_piece(const uncovered_piece&) = delete;
    uncovered_piece& operator=(const uncovered_piece&) = delete;

    /// Once.
    bool take(std::uint64_t bytes) noexcept {
        const bool is_taken = from_.take(bytes);
        bytes_ = is_taken ? bytes : 0;
        return is_taken;
    }

    bool has_taken() const noexcept { return bytes_ > 0; }

private:
    body_budget& from_;
    std::uint64_t bytes_ = 0;
};

} // namespace

awaitable<connection::next> connection::serve_request() {
    if (requests_ > 0)
        begin_ = last_bytes_at_;
    has_request_ = !received_.empty();
    head_bytes_ = 0;
    memory_wait_ = {};
    is_genuine_ = false;
    endpoint_.clear();
    limit_to(phase_deadline(answer_deadline(begin_), std::chrono::steady_clock::now(),
                            shared_->limits.header_timeout));
    auto gate = std::make_optional<head_gate>(shared_->limits.headers_bytes_max);
    head_state state = gate->look(received_);
    while (state == head_state::incomplete) {
        head_bytes_ = gate->held_bytes();
        const io_state got = co_await receive(received_, first_read_bytes_max);
        if (got != io_state::done)
            co_return end_unanswered();
        state = gate->look(received_);
    }
    const std::string_view head_bytes = std::string_view{received_}.substr(0, gate->head().bytes);
    if (state == head_state::refused || !second_opinion_agrees(head_bytes, gate->head())) {
        const bool is_ours = state == head_state::refused;
        shared_->log.debug(
            "request refused",
            {{"peer", peer_}, {"reason", is_ours ? gate->refusal().reason : "a second parser disagrees"}});
        const request_outcome refusal =
            is_ours ? to_outcome(gate->refusal().code) : request_outcome::malformed;
        gate = std::nullopt;
        std::string().swap(received_); // Nothing behind it counts.
        head_bytes_ = 0;
        share_.give_back();
        co_return co_await answer(refusal, false);
    }
    request_plan plan = plan_request(gate->head());
    if (plan.refusal)
        note_unwanted(gate->head(), *plan.refusal);
    received_.erase(0, gate->head().bytes);
    gate = std::nullopt; // It would be held for as long as the body takes.
    // Many short headers take several times what they took on their way.
    head_bytes_ = held_bytes(plan.request);
    if (plan.refusal) {
        co_return co_await serve_refused(std::move(plan));
    }
    co_return co_await serve_wanted(std::move(plan));
}

connection::request_plan connection::plan_request(const request_head& head) {
    request_plan plan;
    plan.table = shared_->endpoints.get();
    plan.at = plan.table->find(path_of(head.target));
    plan.refusal = judge_head(head, plan.at, shared_->limits.body_bytes_max);
    plan.framing = head.framing;
    plan.content_length = head.content_length;
    plan.expects_continue = head.expects_continue;
    is_http_1_1_ = head.is_http_1_1;
    is_keep_alive_ = head.is_keep_alive;
    if (plan.at != nullptr)
        endpoint_ = plan.at->path;
    if (!plan.refusal)
        plan.request = make_request(head, *plan.at, peer_);
    return plan;
}

awaitable<connection::next> connection::serve_refused(request_plan plan) {
    const bool is_short =
        plan.framing != body_framing::length || plan.content_length <= unwanted_body_bytes_max;
    // Who waits to be told to go on may or may not send the body then: nothing after it is clear.
    if (!is_short || plan.expects_continue)
        co_return co_await answer(*plan.refusal, plan.framing == body_framing::none);
    limit_to(phase_deadline(answer_deadline(begin_), std::chrono::steady_clock::now(),
                            shared_->limits.body_timeout));
    const error_code ec =
        co_await read_body(plan.framing, plan.content_length, unwanted_body_bytes_max, plan.request.body);
    if (ec == asio::error::eof)
        co_return end_unanswered();
    let_go(plan.request);
    const bool is_malformed = ec && ec != errc::body_too_large;
    co_return co_await answer(is_malformed ? to_outcome(ec) : *plan.refusal, !ec);
}

awaitable<connection::next> connection::serve_wanted(request_plan plan) {
    const steady_time answer_by = answer_deadline(begin_);
    limit_to(phase_deadline(answer_by, std::chrono::steady_clock::now(), shared_->limits.body_timeout));
    if (!share_.hold_beside(held_beside_body())) {
        const bool has_room = co_await wait_for_memory({});
        if (!has_room)
            co_return end_unanswered();
    }
    if (plan.expects_continue && plan.framing != body_framing::none && received_.empty()) {
        const io_state told = co_await stream_.write_all(continue_response);
        if (told != io_state::done)
            co_return end_unanswered();
    }
    const error_code ec = co_await read_body(plan.framing, plan.content_length,
                                             shared_->limits.body_bytes_max, plan.request.body);
    end_dawdling(); // It has done its part.
    if (ec == asio::error::eof)
        co_return end_unanswered();
    if (ec) {
        let_go(plan.request);
        co_return co_await answer(to_outcome(ec), false);
    }
    if (is_over_) // Nothing would wake who waits for the store now.
        co_return end_unanswered();

    limit_to(answer_by);
    plan.request.received_at = wall_now();
    wait_ = std::make_shared<answer_wait>(timer_.get_executor(), shared_->answers);
    share_.wait_for_store();
    const reception received = co_await receive_event(plan.request, *plan.at, *shared_, wait_, answer_by);
    wait_.reset();
    is_genuine_ = received.is_genuine;
    let_go(plan.request);
    co_return co_await answer(received.outcome, true);
}

/// Errors: malformed_http, head_too_large, body_too_large; asio's eof where the peer has gone or the
/// connection is over.
awaitable<error_code> connection::read_body(body_framing framing, std::uint64_t length,
                                            std::uint64_t body_bytes_max, std::string& body) {
    if (framing == body_framing::none)
        co_return error_code{};
    if (framing == body_framing::chunked) {
        const error_code ec = co_await read_chunked(body_bytes_max, body);
        co_return ec;
    }
    if (length > body_bytes_max)
        co_return error_code{errc::body_too_large};
    while (body.size() < length) {
        const std::size_t more = std::min<std::uint64_t>(
            length - body.size(), received_.empty() ? next_piece(body) : received_.size());
        if (!share_.make_room(body, more, length)) {
            const bool has_room = co_await wait_for_memory({&body, more, length});
            if (!has_room)
                co_return error_code{asio::error::eof};
        }
        if (!received_.empty()) {
            body.append(received_, 0, more);
            received_.erase(0, more);
            share_.hold_beside(held_beside_body()); // which is less now
            continue;
        }
        const io_state got = co_await receive(body, more);
        if (got != io_state::done)
            co_return error_code{asio::error::eof};
    }
    co_return error_code{};
}

awaitable<error_code> connection::read_chunked(std::uint64_t body_bytes_max, std::string& body) {
    chunk_reader reader(body_bytes_max, shared_->limits.headers_bytes_max);
    for (;;) {
        if (!share_.make_room(body, received_.size(), body_bytes_max)) {
            const bool has_room = co_await wait_for_memory({&body, received_.size(), body_bytes_max});
            if (!has_room)
                co_return error_code{asio::error::eof};
        }
        std::string_view bytes = received_;
        const chunk_reader::state state = reader.read(bytes, body);
        received_.erase(0, received_.size() - bytes.size());
        if (state == chunk_reader::state::complete)
            co_return error_code{};
        if (state == chunk_reader::state::refused)
            co_return error_code{reader.refusal().code};
        const io_state got = co_await receive(received_, first_read_bytes_max);
        if (got != io_state::done)
            co_return error_code{asio::error::eof};
    }
}

/// How much of a body is read at once. What there is room for is filled first: more is made by copying. What
/// is made beyond the free piece is no more than what has come.
std::size_t connection::next_piece(const std::string& body) const noexcept {
    if (const std::size_t room = share_.room_in(body); room > 0)
        return std::min(room, read_bytes_max);
    const std::size_t held = head_bytes_ + body.size();
    return held < free_bytes_max ? free_bytes_max - held
                                 : std::clamp(body.size(), first_read_bytes_max, read_bytes_max);
}

/// The peer may be slow to read its answer, and what the request held is free by then.
void connection::let_go(received_request& request) {
    head_bytes_ = 0;
    if (!share_.has_taken())
        return;
    const received_request gone = std::move(request); // An assignment would leave the strings their memory.
    share_.give_back(held_beside_body());
}

bool connection::find_room(body_growth growth) {
    return growth.body != nullptr ? share_.make_room(*growth.body, growth.more, growth.body_bytes_max)
                                  : share_.hold_beside(held_beside_body());
}

/// Where there is no memory for what a request holds, the peer, who is no more to blame than others, waits,
/// and those whose senders are slow give way. Who waits for memory gives way, too, if a second later, since
/// many of them may hold a part each and keep one another from all. Nobody does while it is the store that
/// holds the memory: it would be in vain, and a peer tries for longest where it is kept waiting. False where
/// the connection has ended meanwhile.
awaitable<bool> connection::wait_for_memory(body_growth growth) {
    const steady_time began = std::chrono::steady_clock::now();
    if (const auto count = shared_->short_of_memory.count(began))
        shared_->log.warn("too many large requests at once, those that take longest are reset",
                          {{"last_peer", peer_}, {"count", *count}});
    uncovered_piece uncovered(shared_->uncovered);
    memory_pause_.emplace(timer_.get_executor());
    for (std::size_t tries = 0; stream_.is_open() && !find_room(growth); ++tries) {
        end_dawdling(); // It isn't the sender that is waited for, and none asks for what it holds itself.
        const body_share::shortage missing = share_.missing();
        // What is held already has no room: many that wait so would be over the bound together.
        if (tries >= uncovered_tries_max && !uncovered.has_taken() &&
            !share_.hold_beside(held_beside_body()) && !uncovered.take(share_.missing().bytes)) {
            reset_now();
            break;
        }
        if (!shared_->bodies.is_held_for_store()) {
            const bool only_large = missing.is_large && !shared_->bodies.is_held_by_small();
            shared_->open.reset_dawdling(std::chrono::steady_clock::now(), missing.bytes, only_large);
            note_dawdling(begin_ + waiting_grace);
        }
        memory_pause_->expires_after(memory_pause_first * (1U << std::min(tries, tries_growing_max)));
        co_await memory_pause_->async_wait(as_result);
    }
    memory_pause_.reset();
    end_dawdling();
    memory_wait_ += std::chrono::steady_clock::now() - began;
    co_return stream_.is_open();
}

/// A webhook that was registered with another path loses every event.
void connection::note_unwanted(const request_head& head, request_outcome refusal) {
    const std::string_view path = path_of(head.target);
    shared_->log.debug(
        "request refused",
        {{"peer", peer_}, {"reason", to_label(refusal)}, {"method", head.method}, {"path", path}});
    if (refusal != request_outcome::not_found || head.method != "POST")
        return;
    if (const auto count = shared_->lost_paths.count(std::chrono::steady_clock::now()))
        shared_->log.warn("POSTs to a path that is no endpoint's are refused: is a webhook's URL wrong?",
                          {{"count", *count}, {"last_path", path}, {"last_peer", peer_}});
}

/// Outreach takes an error for delivered: whoever runs this must hear of what may have been an event.
void connection::note_refusal(request_outcome outcome) {
    const steady_time now = std::chrono::steady_clock::now();
    if (is_genuine_) {
        shared_->metrics.count_refused_genuine();
        if (const auto count = shared_->refused.count(now))
            shared_->log.error("genuine events are refused, and lost: please report this as a bug",
                               {{"count", *count},
                                {"last_peer", peer_},
                                {"last_reason", to_label(outcome)},
                                {"last_status", to_status(outcome)},
                                {"endpoint", endpoint_}});
    } else if (outcome == request_outcome::body_too_large || outcome == request_outcome::head_too_large) {
        if (const auto count = shared_->oversized.count(now))
            shared_->log.warn("requests over listen.limits are refused, and their events are lost",
                              {{"count", *count},
                               {"last_peer", peer_},
                               {"last_status", to_status(outcome)},
                               {"endpoint", endpoint_}});
    } else if (outcome == request_outcome::malformed) {
        if (const auto count = shared_->malformed.count(now))
            shared_->log.info("malformed requests are refused", {{"count", *count}, {"last_peer", peer_}});
    }
}

awaitable<connection::next> connection::answer(request_outcome outcome, bool is_body_read) {
    end_dawdling();
    const steady_time answer_by = answer_deadline(begin_);
    // The process may have been stopped since anybody looked at the clock.
    if (outcome == request_outcome::reset || is_over_ || std::chrono::steady_clock::now() >= answer_by) {
        is_over_ = true;
        co_return end_unanswered();
    }
    const bool is_kept = is_body_read && is_keep_alive_ && !must_close(outcome) && !shared_->is_draining;
    const connection_option kept = is_http_1_1_ ? connection_option::unsaid : connection_option::keep_alive;
    const std::string response = to_response(outcome, is_kept ? kept : connection_option::close, wall_now());
    has_said_close_ = !is_kept;
    limit_to(answer_by);
    const io_state wrote = co_await stream_.write_all(response);
    if (wrote != io_state::done) {
        is_over_ = true;
        co_return end_unanswered();
    }
    has_request_ = false;
    ++requests_;
    shared_->metrics.count_request(endpoint_, to_label(outcome));
    if (to_status(outcome) == 200)
        shared_->metrics.observe_ack(std::chrono::steady_clock::now() - begin_);
    else
        note_refusal(outcome);
    if (is_kept)
        co_return next::request;
    co_return is_body_read ? next::close : next::linger;
}

} // namespace outreachd::ingress
