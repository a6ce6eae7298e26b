/// Runs the tests, or a jq process for those that use an engine.
#include "daemon/expression/child.hpp"

#include <gmock/gmock.h>

int main(int argc, char** argv) {
    if (outreachd::expression::is_child(argc, argv))
        return outreachd::expression::run_child(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
