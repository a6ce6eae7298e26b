/// What an engine and its processes say to each other, over a stream socket.
///
/// A frame is its head, the length of each of its texts (8 bytes each), and the texts. Both ends are the
/// same program on the same machine, so numbers stand as they lie in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::expression {

enum class frame_kind : std::uint32_t {
    run = 1,       ///< To a process: body, `$event`, `$steps`, `$item`, then the programs.
    compile,       ///< To a process: one program.
    ready,         ///< From it: what the programs see has been read; they begin now.
    unreadable,    ///< From it, in place of `ready`, and last: why that can't be read.
    results,       ///< From it: what one program gave. No text answers `compile`.
    problem,       ///< From it: why one program failed.
    out_of_memory, ///< From it, and the last thing it says.
};

struct frame_head {
    frame_kind kind{};
    std::uint32_t count = 0;  ///< Of texts.
    std::uint64_t bytes = 0;  ///< Behind the head.
    std::uint64_t cpu_us = 0; ///< Processor time that the process has used so far.
};

/// Far above what programs and their results need; what is over it is no frame.
inline constexpr std::uint32_t frame_texts_max = 100'000;

/// Head and lengths; the texts themselves are sent behind them.
std::string frame_begin(frame_kind kind, std::span<const std::string_view> texts, std::uint64_t cpu_us = 0);

/// Nothing where the bytes, as many as a head has, are none, or announce more than `bytes_max`.
std::optional<frame_head> read_frame_head(std::string_view bytes, std::uint64_t bytes_max);

/// The texts in what stands behind the head; nothing where the lengths don't add up. They are views of
/// `payload`.
std::optional<std::vector<std::string_view>> read_frame_texts(const frame_head& head,
                                                              std::string_view payload);

} // namespace outreachd::expression
