/// When the threads that serve connections count as dead.
#include "daemon/asio/usable_cores.hpp"
#include "daemon/io_threads.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace outreachd {
namespace {

using namespace std::chrono_literals;

constexpr auto silence_max = 2s;

class IoThreads : public testing::Test {
protected:
    IoThreads() { io_.start(); }

    bool becomes_live(bool is_live) const {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (io_.is_live() != is_live && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(10ms);
        return io_.is_live() == is_live;
    }

    log::logger log_{log::level::error, log::format::text};
    io_threads io_{log_, silence_max};
};

TEST_F(IoThreads, LiveWithoutAnythingToDo) {
    const auto until = std::chrono::steady_clock::now() + silence_max + 500ms;
    while (std::chrono::steady_clock::now() < until) {
        ASSERT_TRUE(io_.is_live());
        std::this_thread::sleep_for(10ms);
    }
}

/// The others still serve what comes; but a part of the program is lost, with the connection that it held.
TEST_F(IoThreads, AreDeadWhereOneHangs) {
    std::promise<void> release;
    boost::asio::post(io_.context(), [held = release.get_future().share()] { held.wait(); });
    EXPECT_TRUE(becomes_live(false));
    if (usable_cores() > 1) {
        std::promise<void> served;
        boost::asio::post(io_.context(), [&] { served.set_value(); });
        EXPECT_EQ(served.get_future().wait_for(20s), std::future_status::ready);
        EXPECT_FALSE(io_.is_live());
    }
    release.set_value();
    EXPECT_TRUE(becomes_live(true));
}

TEST_F(IoThreads, GoOnAfterAHandlerThatThrows) {
    for (int i = 0; i < 3; ++i)
        boost::asio::post(io_.context(), [] { throw std::runtime_error("of the test"); });
    std::promise<void> served;
    boost::asio::post(io_.context(), [&] { served.set_value(); });
    EXPECT_EQ(served.get_future().wait_for(20s), std::future_status::ready);
    EXPECT_TRUE(io_.is_live());
}

} // namespace
} // namespace outreachd
