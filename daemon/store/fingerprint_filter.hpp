/// Tells from some bits for each fingerprint what surely isn't there; they may stand in a file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace outreachd::store {

/// 128 bits of SHA-256: what two events share where one is a repeat of the other.
using fingerprint = std::array<std::uint8_t, 16>;

/// A blocked Bloom filter: no false "no", and one false "maybe" in some hundred. All bits of a fingerprint
/// lie in one block, so that a question costs one read of 64 bytes once the filter is in a file.
///
/// The file keeps memory flat as the store grows: its pages are the kernel's to drop. It has no name, so that
/// a crash leaves nothing behind, and isn't flushed, since the next start builds all filters anew. One thread
/// at a time.
class fingerprint_filter {
public:
    explicit fingerprint_filter(std::size_t capacity);
    ~fingerprint_filter();
    fingerprint_filter(const fingerprint_filter&) = delete;
    fingerprint_filter& operator=(const fingerprint_filter&) = delete;

    /// Only while it is in memory.
    void add(const fingerprint& what) noexcept;
    /// "Maybe", too, where its file can't be read, or doesn't hold what was written.
    bool may_hold(const fingerprint& what) const noexcept;

    /// For a filter that nothing more is added to: its bits move to a file in `directory`. Costs a copy into
    /// the page cache, 2 bytes for each of `capacity`. False: there was no descriptor or no room for it, and
    /// it stays in memory.
    bool move_to_file(const std::string& directory) noexcept;

    bool is_in_memory() const noexcept { return file_ < 0; }

private:
    static constexpr std::size_t words_per_block = 15;

    struct block {
        std::array<std::uint32_t, words_per_block> words{};
        std::uint32_t check = 0; ///< Of the words and the block's place, in the file alone.

        bool has_all_of(const fingerprint& what) const noexcept;
        std::uint32_t check_at(std::size_t place) const noexcept;
    };

    std::size_t place_of(const fingerprint& what) const noexcept;

    std::size_t block_count_;
    std::vector<block> blocks_; ///< None once it is in a file.
    int file_ = -1;
};

} // namespace outreachd::store
