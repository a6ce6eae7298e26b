/// A value that a reload replaces while others use the old one.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace outreachd {

/// Any thread. A mutex, since libstdc++'s atomic shared_ptr is a spin lock that ThreadSanitizer
/// doesn't understand; it is held for the copy of one pointer.
template <typename T>
class replaceable {
public:
    explicit replaceable(std::shared_ptr<const T> value) : value_(std::move(value)) {}

    std::shared_ptr<const T> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }

    void replace(std::shared_ptr<const T> value) {
        const std::lock_guard lock(mutex_);
        value_.swap(value); // The old one goes after the lock.
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

} // namespace outreachd
