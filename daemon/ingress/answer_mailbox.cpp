#include "daemon/ingress/answer_mailbox.hpp"

#include "daemon/ingress/answer_wait.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>

namespace outreachd::ingress {

void answer_mailbox::leave(letter one) {
    const std::scoped_lock lock(mutex_);
    letters_.push_back(std::move(one));
}

void answer_mailbox::hand_out() {
    std::vector<letter> all;
    {
        const std::scoped_lock lock(mutex_);
        all.swap(letters_);
    }
    const std::size_t share = (all.size() + shares_ - 1) / shares_;
    for (std::size_t at = 0; at < all.size(); at += share) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), at + share));
        auto part = std::make_shared<std::vector<letter>>(std::make_move_iterator(first),
                                                          std::make_move_iterator(last));
        asio::post(io_, [part] {
            for (letter& one : *part)
                one.to->deliver(one.stored);
        });
    }
}

} // namespace outreachd::ingress
