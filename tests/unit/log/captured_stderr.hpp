/// A pipe in stderr's place.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace outreachd::log {

/// Puts a pipe in stderr's place for a test's duration.
class captured_stderr {
public:
    captured_stderr() : saved_(::dup(STDERR_FILENO)) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        read_ = ends[0];
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[1]);
    }

    ~captured_stderr() {
        restore();
        close_reader();
    }

    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;

    void close_reader() {
        if (read_ >= 0)
            ::close(std::exchange(read_, -1));
    }

    void restore() {
        if (saved_ >= 0) {
            ::dup2(saved_, STDERR_FILENO);
            ::close(std::exchange(saved_, -1));
        }
    }

    /// What was written and not read before. Waits for some, and gives up after half a minute.
    std::string read_some() {
        pollfd waiting{read_, POLLIN, 0};
        if (::poll(&waiting, 1, 30'000) <= 0)
            return {};
        std::array<char, 4096> piece{};
        const ssize_t got = ::read(read_, piece.data(), piece.size());
        return {piece.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    }

    /// All that was written and not read before, up to the last writer's end.
    std::string read_all() {
        restore();
        std::string all;
        std::array<char, 4096> piece{};
        for (ssize_t got = 0; (got = ::read(read_, piece.data(), piece.size())) > 0;)
            all.append(piece.data(), static_cast<std::size_t>(got));
        return all;
    }

private:
    int saved_;
    int read_ = -1;
};

} // namespace outreachd::log
