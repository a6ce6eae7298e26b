#include "daemon/store/fingerprint_filter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

constexpr std::size_t filter_bits_per_entry = 16;
constexpr std::size_t filter_probes = 6;
constexpr int bits_per_probe = 10; // of the fingerprint's second half, which has 64

/// A file without a name, or -1.
int open_unnamed(const std::string& directory) {
    const int made = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    // Some network and overlay file systems have no such files; an old kernel takes it for a directory.
    if (made >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return made;
    std::string name = directory + "/filter-XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0)
        ::unlink(name.c_str());
    return named;
}

bool write_bits(int file, const void* bytes, std::size_t size) noexcept {
    const auto* from = static_cast<const char*>(bytes);
    for (std::size_t at = 0; at < size;) {
        const ssize_t put = ::pwrite(file, from + at, size - at, static_cast<off_t>(at));
        if (put <= 0)
            return false;
        at += static_cast<std::size_t>(put);
    }
    return true;
}

/// Calls `probe` with the word and the bit in it that belong to the fingerprint, until one gives false.
template <typename Probe>
bool every_probe(const fingerprint& what, std::size_t bits, Probe probe) {
    std::uint64_t chosen = 0;
    std::memcpy(&chosen, what.data() + 8, 8);
    for (std::size_t i = 0; i < filter_probes; ++i, chosen >>= bits_per_probe) {
        const std::uint64_t bit = (chosen & ((1U << bits_per_probe) - 1)) * bits >> bits_per_probe;
        if (!probe(bit / 32, std::uint32_t{1} << (bit % 32)))
            return false;
    }
    return true;
}

} // namespace

fingerprint_filter::fingerprint_filter(std::size_t capacity)
    : block_count_(std::max<std::size_t>(1, capacity * filter_bits_per_entry / 8 / sizeof(block))),
      blocks_(block_count_) {}

fingerprint_filter::~fingerprint_filter() {
    if (file_ >= 0)
        ::close(file_);
}

std::size_t fingerprint_filter::place_of(const fingerprint& what) const noexcept {
    std::uint64_t chosen = 0;
    std::memcpy(&chosen, what.data(), 8);
    return chosen % block_count_;
}

bool fingerprint_filter::block::has_all_of(const fingerprint& what) const noexcept {
    return every_probe(what, words_per_block * 32,
                       [this](std::size_t word, std::uint32_t bit) { return (words[word] & bit) != 0; });
}

/// Whatever the place, zeros don't fit: pages that the device didn't take, and the kernel dropped, read so.
std::uint32_t fingerprint_filter::block::check_at(std::size_t place) const noexcept {
    std::uint32_t sum = 0x811C9DC5U ^ static_cast<std::uint32_t>(place); // FNV-1a, by words
    for (const std::uint32_t word : words)
        sum = (sum ^ word) * 0x01000193U;
    return sum;
}

void fingerprint_filter::add(const fingerprint& what) noexcept {
    block& into = blocks_[place_of(what)];
    every_probe(what, words_per_block * 32, [&into](std::size_t word, std::uint32_t bit) {
        into.words[word] |= bit;
        return true;
    });
}

bool fingerprint_filter::may_hold(const fingerprint& what) const noexcept {
    const std::size_t place = place_of(what);
    if (file_ < 0)
        return blocks_[place].has_all_of(what);
    block read;
    const ssize_t got = ::pread(file_, &read, sizeof read, static_cast<off_t>(place * sizeof read));
    return got != static_cast<ssize_t>(sizeof read) || read.check != read.check_at(place) ||
           read.has_all_of(what);
}

bool fingerprint_filter::move_to_file(const std::string& directory) noexcept {
    static_assert(sizeof(block) == 64);
    int made = -1;
    try {
        made = open_unnamed(directory);
    } catch (const std::exception&) { // no memory for the name
    }
    if (made < 0)
        return false;
    for (std::size_t place = 0; place < blocks_.size(); ++place)
        blocks_[place].check = blocks_[place].check_at(place);
    if (!write_bits(made, blocks_.data(), blocks_.size() * sizeof(block))) {
        ::close(made);
        return false;
    }
    std::vector<block>().swap(blocks_);
    file_ = made;
    return true;
}

} // namespace outreachd::store
