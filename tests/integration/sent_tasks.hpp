/// Events of tasks that a test sends, and what is dead of them.
#pragma once

#include "tests/integration/daemon_under_test.hpp"

#include <boost/json/array.hpp>

#include <string>
#include <vector>

namespace outreachd::tests {

/// Sends each body, and expects it to be taken.
void send_all(const daemon_under_test& to, const std::vector<std::string>& bodies);

/// A body; `attributes` is JSON.
std::string task(int id, const std::string& attributes = "{}", const std::string& name = "task.updated");

/// The dead deliveries of a handler, as `dead list --json` gives them.
boost::json::array dead_of(const daemon_under_test& daemon, const std::string& handler);

} // namespace outreachd::tests
