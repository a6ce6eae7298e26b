#include "daemon/event/event_id.hpp"

#include "daemon/text/hex_digit.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>
#include <random>

namespace outreachd {

namespace {

std::uint64_t random_64() {
    // Uniqueness, not secrecy, is asked of these bits: one generator a thread, seeded by the system.
    thread_local std::mt19937_64 generator = [] {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
        return std::mt19937_64{seed};
    }();
    return generator();
}

} // namespace

event_id make_event_id(wall_time now) {
    const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
    const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(since_epoch, 0));
    const std::uint64_t low = random_64();
    const std::uint64_t high = random_64();
    event_id id{};
    for (std::size_t i = 0; i < 6; ++i)
        id.data[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    id.data[6] = static_cast<std::uint8_t>(0x70U | (high & 0x0FU));
    id.data[7] = static_cast<std::uint8_t>(high >> 8);
    for (std::size_t i = 8; i < 16; ++i)
        id.data[i] = static_cast<std::uint8_t>(low >> (8 * (i - 8)));
    id.data[8] = static_cast<std::uint8_t>(0x80U | (id.data[8] & 0x3FU));
    return id;
}

wall_time time_of(const event_id& id) noexcept {
    std::int64_t millis = 0;
    for (std::size_t i = 0; i < 6; ++i)
        millis = (millis << 8) | id.data[i];
    return wall_time{std::chrono::milliseconds{millis}};
}

event_id delivery_id(const event_id& event, std::string_view handler, std::uint64_t replay) {
    const boost::uuids::name_generator_sha1 generate{event};
    std::string name{handler};
    if (replay > 0)
        name += "#" + std::to_string(replay);
    return generate(name);
}

event_id request_id(const event_id& delivery, std::string_view request) {
    return boost::uuids::name_generator_sha1{delivery}(std::string{request});
}

std::string to_string(const event_id& id) {
    return boost::uuids::to_string(id);
}

std::optional<event_id> parse_event_id(std::string_view text) noexcept {
    if (text.size() != 36)
        return std::nullopt;
    event_id id{};
    std::size_t byte = 0;
    for (std::size_t i = 0; i < 36;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-')
                return std::nullopt;
            continue;
        }
        const auto high = hex_digit(text[i]);
        const auto low = hex_digit(text[i + 1]);
        if (!high || !low)
            return std::nullopt;
        id.data[byte++] = static_cast<std::uint8_t>(*high << 4 | *low);
        i += 2;
    }
    return id;
}

} // namespace outreachd
