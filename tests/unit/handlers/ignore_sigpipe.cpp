/// A program that doesn't read its stdin is no reason to die: the daemon ignores SIGPIPE, and so does this.
#include <gtest/gtest.h>

#include <csignal>

namespace {

class ignore_sigpipe : public testing::Environment {
public:
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
};

const auto* const registered = testing::AddGlobalTestEnvironment(new ignore_sigpipe);

} // namespace
