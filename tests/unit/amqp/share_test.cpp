/// Workers come, go and die; each comes to hold its share of the work queues.
#include "daemon/amqp/share.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

namespace outreachd::amqp {
namespace {

/// Workers that see each other as a broker shows them, one look after the other in any order.
class workshop {
public:
    explicit workshop(std::uint32_t partitions) : partitions_(partitions) {}

    void join() { workers_.emplace_back(); }

    /// It is gone, and what it held is free.
    void lose(std::size_t which) { workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(which)); }

    /// Each looks once. Gives how many queues were taken or given.
    std::size_t look() {
        std::size_t moves = 0;
        std::ranges::shuffle(workers_, random_);
        for (worker& one : workers_)
            moves += look(one);
        return moves;
    }

    /// Looks until nothing moves for ten looks; gives how many that took.
    int settle() {
        int quiet = 0;
        int looks = 0;
        for (; quiet < 10 && looks < 200; ++looks)
            quiet = look() == 0 ? quiet + 1 : 0;
        return looks - quiet;
    }

    std::vector<std::size_t> shares() const {
        std::vector<std::size_t> found;
        for (const worker& one : workers_)
            found.push_back(one.held.size());
        std::ranges::sort(found);
        return found;
    }

    bool is_wanted() const {
        return std::ranges::any_of(workers_, [](const worker& one) { return one.is_wanting; });
    }

private:
    struct worker {
        share decides;
        std::set<std::uint32_t> held;
        std::set<std::uint32_t> seen_free;
        bool is_wanting = false;
    };

    bool is_held(std::uint32_t partition) const {
        return std::ranges::any_of(workers_, [&](const worker& one) { return one.held.contains(partition); });
    }

    std::size_t look(worker& by) {
        share_view seen;
        seen.partitions = partitions_;
        seen.workers = static_cast<std::uint32_t>(workers_.size());
        seen.wanting = static_cast<std::uint32_t>(
            std::ranges::count_if(workers_, [](const worker& one) { return one.is_wanting; }));
        seen.held = by.held;
        std::set<std::uint32_t> free;
        for (std::uint32_t i = 0; i < partitions_; ++i)
            if (!is_held(i))
                free.insert(i);
        std::ranges::set_intersection(free, by.seen_free, std::back_inserter(seen.free));
        by.seen_free = free;
        const share_step step = by.decides.next(seen, std::uniform_real_distribution<double>(0, 1)(random_));
        for (const std::uint32_t one : step.take)
            by.held.insert(one);
        for (const std::uint32_t one : step.give)
            by.held.erase(one);
        by.is_wanting = step.is_wanting;
        return step.take.size() + step.give.size();
    }

    const std::uint32_t partitions_;
    std::vector<worker> workers_;
    std::minstd_rand random_{7};
};

/// N queues over W workers: as even as can be.
std::vector<std::size_t> even(std::size_t partitions, std::size_t workers) {
    std::vector<std::size_t> shares(workers, partitions / workers);
    for (std::size_t i = 0; i < partitions % workers; ++i)
        ++shares[workers - 1 - i];
    return shares;
}

TEST(Share, IsEvenHoweverManyWorkersJoinOneByOne) {
    for (const std::uint32_t partitions : {1U, 2U, 7U, 8U, 16U}) {
        workshop all(partitions);
        for (std::size_t workers = 1; workers <= 10; ++workers) {
            all.join();
            EXPECT_LE(all.settle(), 16) << partitions << " queues, " << workers << " workers: 8 s of looks";
            EXPECT_EQ(all.shares(), even(partitions, workers))
                << partitions << " queues, " << workers << " workers";
            EXPECT_FALSE(all.is_wanted());
        }
    }
}

TEST(Share, IsEvenWhereAllBeginTogether) {
    workshop all(8);
    for (int i = 0; i < 3; ++i)
        all.join();
    EXPECT_LE(all.settle(), 16);
    EXPECT_EQ(all.shares(), even(8, 3));
}

TEST(Share, OfADeadWorkerIsTakenOver) {
    workshop all(8);
    for (int i = 0; i < 4; ++i)
        all.join();
    all.settle();
    for (std::size_t left = 3; left >= 1; --left) {
        all.lose(0);
        EXPECT_LE(all.settle(), 16);
        EXPECT_EQ(all.shares(), even(8, left));
    }
}

TEST(Share, NothingMovesOnceItIsEven) {
    workshop all(8);
    for (int i = 0; i < 5; ++i)
        all.join();
    all.settle();
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(all.look(), 0U);
}

TEST(Share, LeavesNoQueueWithoutAWorkerWhereTheDeadAreCounted) {
    share decides;
    share_view seen{8, 6, 0, {0, 1}, {4, 5}};
    int looks = 0;
    for (; looks < 20 && seen.held.size() < 4; ++looks)
        for (const std::uint32_t one : decides.next(seen, 0).take) {
            seen.held.insert(one);
            std::erase(seen.free, one);
        }
    EXPECT_EQ(seen.held.size(), 4U);
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(decides.next(seen, 0).give.empty()) << "and keeps them while nobody wants any";
}

TEST(Share, GivesBackWhatIsTooMuchThoughNobodyWants) {
    share decides;
    const share_view seen{8, 3, 0, {2, 3, 4, 6}, {}};
    std::size_t looks = 1;
    while (looks < 20 && decides.next(seen, 0).give.empty())
        ++looks;
    EXPECT_EQ(looks, share::surplus_looks) << "two others have two each, and room for one more";
}

TEST(Share, StaysAsItIsWhileTheOthersCantBeCounted) {
    share decides;
    const share_step step = decides.next({8, 0, 0, {0, 1, 2, 3}, {4, 5}}, 0.3);
    EXPECT_TRUE(step.take.empty());
    EXPECT_TRUE(step.give.empty());
}

} // namespace
} // namespace outreachd::amqp
