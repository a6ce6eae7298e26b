/// Imports of a CSV file (contract section 10).
#pragma once

#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

/// `POST /imports/actions/NAME`: `generateUploadLink`, `validateUpload`, `accountsImport`, `prospectsImport`.
/// Throws refusal.
response run_import_action(world& in, const std::string& name, const request& asked,
                           const std::vector<parameter>& query, std::optional<record_id> user);

} // namespace outreachd::sandbox
