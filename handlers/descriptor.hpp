/// A file descriptor that is closed by its owner's end.
#pragma once

#include <utility>

#include <unistd.h>

namespace outreachd::handlers {

class descriptor {
public:
    descriptor() = default;

    explicit descriptor(int opened) noexcept : number_(opened) {}

    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

    descriptor& operator=(descriptor&& other) noexcept {
        if (this != &other) {
            close();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }

    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    ~descriptor() { close(); }

    void close() noexcept {
        if (number_ >= 0)
            ::close(std::exchange(number_, -1));
    }

    bool is_open() const noexcept { return number_ >= 0; }

    int number() const noexcept { return number_; } ///< -1 where none is open.

private:
    int number_ = -1;
};

} // namespace outreachd::handlers
