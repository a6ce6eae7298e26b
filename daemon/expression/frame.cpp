#include "daemon/expression/frame.hpp"

#include <cstring>

namespace outreachd::expression {

namespace {

using text_size = std::uint64_t;

template <typename Value>
void append_raw(std::string& to, const Value& value) {
    const std::size_t at = to.size();
    to.resize(at + sizeof value);
    std::memcpy(to.data() + at, &value, sizeof value);
}

} // namespace

std::string frame_begin(frame_kind kind, std::span<const std::string_view> texts, std::uint64_t cpu_us) {
    frame_head head{kind, static_cast<std::uint32_t>(texts.size()), texts.size() * sizeof(text_size), cpu_us};
    for (const std::string_view text : texts)
        head.bytes += text.size();
    std::string bytes;
    append_raw(bytes, head);
    for (const std::string_view text : texts)
        append_raw(bytes, text_size{text.size()});
    return bytes;
}

std::optional<frame_head> read_frame_head(std::string_view bytes, std::uint64_t bytes_max) {
    frame_head head;
    if (bytes.size() != sizeof head)
        return std::nullopt;
    std::memcpy(&head, bytes.data(), sizeof head);
    const bool is_known = head.kind >= frame_kind::run && head.kind <= frame_kind::out_of_memory;
    if (!is_known || head.count > frame_texts_max || head.bytes > bytes_max ||
        head.bytes < head.count * sizeof(text_size))
        return std::nullopt;
    return head;
}

std::optional<std::vector<std::string_view>> read_frame_texts(const frame_head& head,
                                                              std::string_view payload) {
    if (payload.size() != head.bytes)
        return std::nullopt;
    std::string_view rest = payload.substr(head.count * sizeof(text_size));
    std::vector<std::string_view> texts;
    texts.reserve(head.count);
    for (std::size_t at = 0; at < head.count; ++at) {
        text_size size = 0;
        std::memcpy(&size, payload.data() + at * sizeof size, sizeof size);
        if (size > rest.size())
            return std::nullopt;
        texts.push_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    if (!rest.empty())
        return std::nullopt;
    return texts;
}

} // namespace outreachd::expression
