#include "daemon/event/ordering_key.hpp"

#include "daemon/crypto/digest.hpp"

namespace outreachd {

std::uint64_t ordering_key(const event_facts& facts) {
    if (facts.resource_id.empty())
        return 0;
    const auto hash = sha256_of_fields({facts.resource, facts.resource_id});
    std::uint64_t key = 0;
    for (std::size_t at = 0; at < sizeof key; ++at)
        key = key << 8 | hash[at];
    return key == 0 ? 1 : key;
}

} // namespace outreachd
