/// One connection, from its handshake to its end.
#pragma once

#include "daemon/ingress/deadline.hpp"
#include "daemon/ingress/framing.hpp"
#include "daemon/ingress/io.hpp"
#include "daemon/ingress/receive_event.hpp"
#include "daemon/ingress/response.hpp"
#include "daemon/ingress/services.hpp"
#include "daemon/ingress/tls_stream.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace outreachd::ingress {

/// Reads requests one after another and answers each before it looks at the next.
///
/// Made at accept, and kept alive by its own coroutine and its timer. Everything runs on the socket's
/// strand; only `drain`, `abort`, `give_way`, the marks and what it would give may be asked from other
/// threads.
class connection : public std::enable_shared_from_this<connection> {
public:
    /// `accepted_at` starts the first request's clock. Throws std::bad_alloc.
    connection(std::shared_ptr<services> shared, tcp_socket socket, steady_time accepted_at);

    /// Serves until the connection ends, and takes it off the registry then. Called once.
    void start();

    /// Ends the connection where it is idle and nothing has come meanwhile. One with a request in hand
    /// goes on.
    void drain();

    /// Resets the connection, whatever it does.
    void abort();

    /// Resets the connection if the request for which `dawdling` was claimed is dawdling still: meanwhile it
    /// may be whole, or another one have begun.
    void give_way(steady_time since);

    /// Lets go of what a request in hand waits for, and resets one that isn't answered. Only where nothing
    /// runs on its strand, and nothing will.
    void forget();

    since_mark& idle() noexcept { return idle_; }

    /// Set while a request holds memory that others may want and isn't whole.
    since_mark& dawdling() noexcept { return dawdling_; }

    /// What others get where it gives way, and whether it is a large body's.
    std::uint64_t would_give() const noexcept { return would_give_.load(std::memory_order_relaxed); }

    bool would_give_large() const noexcept { return would_give_large_.load(std::memory_order_relaxed); }

private:
    /// Within its free piece a request reads little at once, so that what is read has a place already.
    static constexpr std::size_t first_read_bytes_max = 4 * 1024;

    /// What follows a request.
    enum class next {
        request, ///< Another one.
        close,
        linger, ///< Close, but let the peer read the answer before it notices (RFC 9112 section 9.6).
        reset,
    };

    /// What is to be known of a request after its head's bytes are gone.
    struct request_plan {
        std::shared_ptr<const endpoint_table> table; ///< Keeps `at` alive.
        const endpoint* at = nullptr;
        std::optional<request_outcome> refusal;
        received_request request;
        body_framing framing = body_framing::none;
        std::uint64_t content_length = 0;
        bool expects_continue = false;
    };

    /// A body that is to take `more` bytes; null: none is.
    struct body_growth {
        std::string* body = nullptr;
        std::size_t more = 0;
        std::uint64_t body_bytes_max = 0;
    };

    awaitable<> serve();
    awaitable<bool> greet();
    awaitable<bool> wait_for_request();
    awaitable<next> serve_request();
    awaitable<next> serve_refused(request_plan plan);
    awaitable<next> serve_wanted(request_plan plan);
    awaitable<io_state> receive(std::string& into, std::size_t bytes_max);
    awaitable<> let_others_run();
    awaitable<error_code> read_body(body_framing framing, std::uint64_t length, std::uint64_t body_bytes_max,
                                    std::string& body);
    awaitable<error_code> read_chunked(std::uint64_t body_bytes_max, std::string& body);
    awaitable<bool> wait_for_memory(body_growth growth);
    awaitable<next> answer(request_outcome outcome, bool is_body_read);
    awaitable<> linger();

    request_plan plan_request(const request_head& head);
    void note_unwanted(const request_head& head, request_outcome refusal);
    void note_refusal(request_outcome outcome);
    next end_unanswered();
    void end(next how);
    void take_in_the_rest();
    void note_exception(const std::exception_ptr& thrown);
    std::uint64_t held_beside_body();
    bool find_room(body_growth growth);
    std::size_t next_piece(const std::string& body) const noexcept;
    void let_go(received_request& request);
    void note_dawdling(steady_time since) noexcept;
    void end_dawdling() noexcept;

    void limit_to(steady_time at);
    void set_timer();
    void on_timer();
    void end_idleness();
    void reset_now();

    std::shared_ptr<services> shared_;
    tls_stream stream_;
    steady_timer timer_;
    lazy_deadline deadline_;
    std::shared_ptr<answer_wait> wait_; ///< While the store has a request of this connection.
    std::string received_;              ///< Bytes of the next request that have come already.
    std::string peer_;
    std::string endpoint_;       ///< Of the request in hand, for the metrics.
    body_share share_;           ///< Until the answer: a body that waits for the store is held too.
    std::size_t head_bytes_ = 0; ///< That are held of the request's head beside `received_`.
    std::optional<steady_timer> memory_pause_;          ///< While there is no memory.
    std::chrono::steady_clock::duration memory_wait_{}; ///< In which the request's sender could do nothing.
    steady_time begin_;                                 ///< Of the request's clock.
    steady_time last_bytes_at_;
    std::uint64_t requests_ = 0; ///< That were answered.
    std::uint32_t turns_ = 0;    ///< Reads and requests since others could run.
    bool is_http_1_1_ = true;
    bool is_keep_alive_ = true;
    bool has_said_close_ = false; ///< An answer said `Connection: close`.
    bool is_genuine_ = false;     ///< The signature of the request in hand holds.
    bool has_request_ = false;    ///< A request's first byte has come, and no answer has gone.
    bool is_idle_ = false;
    since_mark idle_; ///< The same for others.
    since_mark dawdling_;
    steady_time dawdles_since_ = since_mark::busy; ///< As in `dawdling_`, whoever claims that.
    std::atomic<std::uint64_t> would_give_{0};
    std::atomic<bool> would_give_large_{false};
    bool is_over_ = false; ///< The deadline ended the connection, or the daemon did.
    bool has_ended_ = false;
};

} // namespace outreachd::ingress
