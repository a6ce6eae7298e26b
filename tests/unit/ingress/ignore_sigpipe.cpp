/// OpenSSL writes without MSG_NOSIGNAL: the program ignores SIGPIPE, and so does this one.
#include <gtest/gtest.h>

#include <csignal>

namespace {

class ignore_sigpipe : public testing::Environment {
public:
    void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
};

const auto* const registered = testing::AddGlobalTestEnvironment(new ignore_sigpipe);

} // namespace
