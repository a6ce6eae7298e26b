#include "daemon/amqp/intake_batch.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::amqp {

void intake_batches::add(std::uint16_t channel, std::uint64_t tag, std::shared_ptr<const event> what) {
    bytes_ += what->body.size();
    events_.push_back(std::move(what));
    marks_[channel] = tag;
}

intake_batches::batch intake_batches::hand_over() {
    batch full{next_number_++, std::exchange(events_, {})};
    handed_over_.push_back({full.number, std::exchange(marks_, {}), false});
    bytes_ = 0;
    ++uncommitted_;
    return full;
}

ack_marks intake_batches::committed(std::uint64_t number) {
    --uncommitted_;
    const auto one = std::ranges::find(handed_over_, number, &handed_over::number);
    if (one != handed_over_.end()) // else it is of a connection before this one
        one->is_committed = true;
    ack_marks marks;
    while (!handed_over_.empty() && handed_over_.front().is_committed) {
        for (const auto& [channel, tag] : handed_over_.front().marks)
            marks[channel] = tag;
        handed_over_.pop_front();
    }
    return marks;
}

bool intake_batches::has_unacked(std::uint16_t channel) const {
    return marks_.contains(channel) || std::ranges::any_of(handed_over_, [&](const handed_over& one) {
               return one.marks.contains(channel);
           });
}

void intake_batches::forget() {
    events_.clear();
    bytes_ = 0;
    marks_.clear();
    handed_over_.clear();
}

} // namespace outreachd::amqp
