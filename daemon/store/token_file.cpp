#include "daemon/store/token_file.hpp"

#include "daemon/store/replace_file.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

constexpr std::size_t file_bytes_max = 256UL * 1024;
/// Between two looks at a lock that another process holds: flock(2) knows no deadline.
constexpr std::chrono::milliseconds lock_poll{20};

} // namespace

token_file::guard::guard(guard&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), descriptor_(std::exchange(other.descriptor_, -1)) {}

token_file::guard::~guard() {
    if (owner_ != nullptr)
        owner_->give_back(descriptor_);
}

token_file::token_file(std::string directory, std::string name)
    : directory_(std::move(directory)), name_(std::move(name)) {}

std::string token_file::file_path() const {
    return directory_ + "/" + name_ + ".json";
}

std::string token_file::lock_path() const {
    return directory_ + "/" + name_ + ".lock";
}

token_file::locking token_file::lock(steady_time deadline) {
    {
        std::unique_lock waiting(mutex_);
        if (!given_back_.wait_until(waiting, deadline, [this] { return !is_taken_; }))
            return {};
        is_taken_ = true;
    }
    guard mine{*this};
    if (std::string problem = make_directory(directory_); !problem.empty())
        return {std::nullopt, std::move(problem)};
    const std::string path = lock_path();
    mine.descriptor_ = open_lock_file(path);
    while (mine.descriptor_ < 0 || ::flock(mine.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (mine.descriptor_ < 0 || (errno != EWOULDBLOCK && errno != EINTR))
            return {std::nullopt, "can't lock '" + path + "': " + std::generic_category().message(errno)};
        const auto now = std::chrono::steady_clock::now();
        if (now >= deadline)
            return {};
        std::this_thread::sleep_for(std::min<steady_time::duration>(lock_poll, deadline - now));
    }
    return {std::move(mine), {}};
}

token_reading token_file::read() const {
    token_reading reading;
    const std::string path = file_path();
    const whole_text file = read_whole(path, file_bytes_max);
    reading.problem = file.problem;
    if (!file.is_there)
        return reading;
    std::string why;
    if (auto record = read_token_record(file.text, why)) {
        reading.record = std::move(*record);
        return reading;
    }
    reading.is_damaged = true;
    reading.problem = "'" + path + "' is damaged: " + why + "; remove it and log in again";
    return reading;
}

file_stamp token_file::stamp() const {
    struct stat found {};

    if (::stat(file_path().c_str(), &found) != 0)
        return {};
    // Each writing is a new file, whose number may be one that was given back.
    return {found.st_ino, found.st_ctim.tv_sec * std::int64_t{1'000'000'000} + found.st_ctim.tv_nsec,
            found.st_size};
}

std::string token_file::write(const guard& held, const token_record& record) {
    assert(held.owner_ == this);
    return replace_file(file_path(), to_json(record), endurance::power_cut);
}

void token_file::give_back(int descriptor) {
    if (descriptor >= 0)
        ::close(descriptor); // and with it the lock
    {
        const std::lock_guard lock(mutex_);
        is_taken_ = false;
    }
    given_back_.notify_one();
}

} // namespace outreachd::store
