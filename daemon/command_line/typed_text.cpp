#include "daemon/command_line/typed_text.hpp"

#include "daemon/command_line/interrupt.hpp"
#include "daemon/settings/bounded_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <unistd.h>

namespace outreachd::command_line {

namespace {

constexpr std::size_t line_bytes_max = 16UL * 1024;

/// How long until then, as poll(2) takes it: a second at most, so that a signal is noticed.
int poll_time(steady_time deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 1000));
}

data_text read_all(int descriptor, std::size_t bytes_max) {
    data_text all;
    std::array<char, 16UL * 1024> block{};
    for (;;) {
        const ssize_t size = ::read(descriptor, block.data(), block.size());
        if (size < 0 && errno == EINTR && !interrupt_watch::is_interrupted())
            continue;
        if (size < 0)
            return {.problem = "can't read the standard input: " + std::generic_category().message(errno)};
        if (size == 0)
            return all;
        all.text.append(block.data(), static_cast<std::size_t>(size));
        if (all.text.size() > bytes_max)
            return {.problem = "the standard input holds more than " + std::to_string(bytes_max) + " bytes"};
    }
}

} // namespace

std::optional<std::string> read_line(int descriptor, steady_time deadline) {
    std::string line;
    if (descriptor < 0)
        return std::nullopt;
    while (!interrupt_watch::is_interrupted() && line.size() < line_bytes_max) {
        pollfd waiting{descriptor, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, poll_time(deadline));
        if (ready == 0 && std::chrono::steady_clock::now() >= deadline)
            return std::nullopt;
        if (ready <= 0)
            continue;
        char c = 0;
        const ssize_t size = ::read(descriptor, &c, 1);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return line.empty() ? std::nullopt : std::optional{line};
        if (c == '\n')
            return line;
        line += c;
    }
    return std::nullopt;
}

data_text read_data(const std::string& given, int standard_input, std::size_t bytes_max) {
    if (given == "-")
        return standard_input < 0 ? data_text{.problem = "there is no standard input to read from"}
                                  : read_all(standard_input, bytes_max);
    if (!given.starts_with('@'))
        return {.text = given};
    auto file = settings::read_file(given.substr(1), bytes_max, settings::file_kind::stream);
    return {.text = std::move(file.text), .problem = std::move(file.problem)};
}

} // namespace outreachd::command_line
