#include "server/file_stamps.hpp"

#include <sys/stat.h>

namespace restante::server {
namespace {

std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t second = 1'000'000'000;
    return time.tv_sec * second + time.tv_nsec;
}

}  // namespace

FileStamps::FileStamps(std::vector<std::filesystem::path> paths)
    : paths_(std::move(paths)), stamps_(stamp_all()) {}

bool FileStamps::changed() {
    auto now = stamp_all();
    if (now == stamps_) return false;
    stamps_ = std::move(now);
    return true;
}

FileStamps::Stamp FileStamps::stamp(const std::filesystem::path& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return {};
    return {.device = about.st_dev,
            .inode = about.st_ino,
            .bytes = about.st_size,
            .modified_ns = nanoseconds(about.st_mtim),
            .renamed_ns = nanoseconds(about.st_ctim)};
}

std::vector<FileStamps::Stamp> FileStamps::stamp_all() const {
    std::vector<Stamp> stamps;
    for (const auto& path : paths_) stamps.push_back(stamp(path));
    return stamps;
}

}  // namespace restante::server
