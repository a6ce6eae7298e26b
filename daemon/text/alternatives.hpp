/// Choices as they stand in a sentence.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace outreachd {

/// `a, b or c`: what a value, or a word of a command, may be.
inline std::string alternatives(std::span<const std::string_view> words) {
    std::string listed;
    for (std::size_t at = 0; at < words.size(); ++at) {
        listed += at == 0 ? "" : at + 1 == words.size() ? " or " : ", ";
        listed += words[at];
    }
    return listed;
}

} // namespace outreachd
