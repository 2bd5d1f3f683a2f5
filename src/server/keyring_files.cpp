#include "server/keyring_files.hpp"

#include "server/config.hpp"
#include "server/keyring_changes.hpp"

namespace restante::server {
namespace {

template <class T>
T or_throw(Result<T> result) {
    if (!result) throw UsageError(result.error().message);
    return std::move(*result);
}

}  // namespace

KeyringFiles::KeyringFiles(const DataDirectory& directory, Logger log, Replace replace)
    : directory_(directory),
      log_(log),
      replace_(std::move(replace)),
      stamps_({directory.policies_path(), directory.authorities_path()}),
      keyring_{.policies = or_throw(directory.policies()),
               .authorities = or_throw(directory.authorities())} {}

void KeyringFiles::look() {
    if (stamps_.changed()) reload();
}

void KeyringFiles::reload() {
    auth::Keyring read = keyring_;
    const auto take = [this](auto result, auto& part) {
        if (result) {
            part = std::move(*result);
        } else {
            log_.error("keyring_refused",
                       {{"reason", result.error().message}, {"kept", "what was in force before"}});
        }
    };
    take(directory_.policies(), read.policies);
    take(directory_.authorities(), read.authorities);
    const auto changes = differences(keyring_, read);
    if (read == keyring_) return;
    keyring_ = std::move(read);
    replace_(keyring_);
    // Behind the replacement: a line means that it counts.
    for (const auto& change : changes) {
        log_.info(change.event, {{"name", change.name}, {"what", change.what}});
    }
}

}  // namespace restante::server
