#include "daemon/expression/engine.hpp"

namespace outreachd::expression {

class engine::pool {};

engine::engine(std::size_t, limits) : pool_(std::make_unique<pool>()) {}

engine::~engine() = default;

std::vector<answer> engine::run(std::span<const std::string> programs, const view&) {
    return std::vector<answer>(programs.size(), answer{{}, "no program can be run yet", false});
}

std::optional<std::string> engine::refuse(const std::string&) {
    return std::nullopt;
}

} // namespace outreachd::expression
