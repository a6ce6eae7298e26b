/// What a command writes, for somebody who reads along.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <streambuf>
#include <string>

namespace outreachd::command_line {

/// Any thread reads; one writes.
class watched_output : public std::streambuf {
public:
    std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }

    /// Whether that text comes within 20 s.
    bool has_come(const std::string& what) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{20},
                                 [&] { return text_.find(what) != std::string::npos; });
    }

protected:
    int_type overflow(int_type c) override {
        const char one = traits_type::to_char_type(c);
        xsputn(&one, 1);
        return c;
    }

    std::streamsize xsputn(const char* bytes, std::streamsize size) override {
        const std::lock_guard lock(mutex_);
        text_.append(bytes, static_cast<std::size_t>(size));
        changed_.notify_all();
        return size;
    }

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::string text_;
};

} // namespace outreachd::command_line
