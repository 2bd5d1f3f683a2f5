#pragma once
// The keyring that counts, as the data folder has it now. Whoever owns it calls look() twice a
// second and reload() when told to; it reads, judges, and hands on what is new. A file that is
// damaged changes nothing but the log.
//
// One thread; no timer of its own.

#include <functional>

#include "auth/keyring.hpp"
#include "base/logger.hpp"
#include "server/data_directory.hpp"
#include "server/file_stamps.hpp"

namespace restante::server {

class KeyringFiles {
  public:
    /// Called with each keyring that differs from the one before.
    using Replace = std::function<void(auth::Keyring)>;

    /// Throws UsageError when there is no keyring to begin with.
    KeyringFiles(const DataDirectory& directory, Logger log, Replace replace);

    const auth::Keyring& keyring() const { return keyring_; }

    /// Reads the files when they have changed.
    void look();
    /// Reads them in any case.
    void reload();

  private:
    const DataDirectory& directory_;
    Logger log_;
    Replace replace_;
    FileStamps stamps_;
    auth::Keyring keyring_;
};

}  // namespace restante::server
