/// Carries the store's answers to the connections, all of one commit with one wake-up.
#pragma once

#include "daemon/store/store.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace outreachd::ingress {

class answer_wait;

/// The store's thread leaves answers here and, behind the last of a commit, has them handed out by
/// the I/O threads. Waking a connection for each answer would let it run before the next answer is
/// there, and cost two switches between threads for every event.
class answer_mailbox : public std::enable_shared_from_this<answer_mailbox> {
public:
    /// `io` outlives the store's thread. `shares`: among so many posts the answers of a commit are
    /// split, one for each I/O thread.
    answer_mailbox(boost::asio::io_context& io, std::size_t shares) : io_(io), shares_(shares) {}

    struct letter {
        std::shared_ptr<answer_wait> to;
        store::append_result stored;
    };

    /// The store's thread.
    void leave(letter one);
    /// The store's thread, behind the last answer of a commit.
    void hand_out();

private:
    boost::asio::io_context& io_;
    const std::size_t shares_;
    std::mutex mutex_; // guards letters_
    std::vector<letter> letters_;
};

} // namespace outreachd::ingress
