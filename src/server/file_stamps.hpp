#pragma once
// Notices that files were replaced, by what stat(2) tells of each: asked twice a second it costs
// microseconds, and it sees what notifications miss, such as a link that is turned to another file
// (certbot, Kubernetes) and a change made over the network.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace restante::server {

class FileStamps {
  public:
    /// A path that does not exist is one more state that can change.
    explicit FileStamps(std::vector<std::filesystem::path> paths);

    /// Whether one has changed since the last call, or since the beginning. A caller reads the
    /// files behind this, so that a change in between is noticed next time.
    bool changed();

  private:
    struct Stamp {
        dev_t device = 0;
        ino_t inode = 0;
        off_t bytes = 0;
        std::int64_t modified_ns = 0;
        std::int64_t renamed_ns = 0;

        bool operator==(const Stamp&) const = default;
    };
    static Stamp stamp(const std::filesystem::path& path);
    std::vector<Stamp> stamp_all() const;

    std::vector<std::filesystem::path> paths_;
    std::vector<Stamp> stamps_;
};

}  // namespace restante::server
