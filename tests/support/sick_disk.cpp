// A disk that forgets what was not synced, and that fails when told to.
//
// Preloaded into a hub (LD_PRELOAD), this stands between the program and the C library's calls on
// files below one folder. It lets them through and keeps, outside that folder, a journal of what a
// power cut could take back: contents until their file is synced, names until their folder is.
// tests/support/sick_disk.py reads the journal and applies the cut once the process is dead.
//
// Environment:
//   SICK_DISK_ROOT     the folder, absolute; nothing happens without it
//   SICK_DISK_JOURNAL  the journal; without it nothing is kept
//   SICK_DISK_GRAVES   a folder beside the root that keeps files whose last name was removed
//   SICK_DISK_FAULT    <kind> <n> <what>: the n-th call of the kind (write, sync, open, any) fails
//                      with the error number <what>, or ends the process with SIGKILL if that is 0
//   SICK_DISK_WHILE    a file: the calls behind the n-th fail too, for as long as it exists
//   SICK_DISK_FIRED    where each call that failed is written down, one a line
//
// Journal, one line an event, fields by tabs, bytes in hexadecimal. An inode means one file: the
// graves keep it from being used again.
//   write  inode offset length size-before bytes-before
//   cut    inode size size-before bytes-behind-the-new-size
//   make   inode-of-the-folder path
//   rename inode-of-the-folder from to [grave of what `to` named]
//   drop   inode-of-the-folder path grave
//   sync   inode position: safe is what the journal says of the inode before that position
//   fail   inode position: that part reaches the disk no more, whatever is synced later
//
// The kernel is called directly: what would be found under the C library's names is this file.
// Written down is what has happened. A kill between the two leaves something on the disk that need
// not be there, which a power cut may do as well.

#include "support/sick_disk_fault.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

using restante::sick_disk::Fault;
using restante::sick_disk::Kind;
using restante::sick_disk::variable;

namespace {

/// The store keeps its files open at low numbers; connections come behind them.
constexpr int descriptors_max = 1 << 16;

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += digits[value >> 4U];
        text += digits[value & 0xFU];
    }
    return text;
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

/// Works for a file that is open for writing only.
std::string path_of(int file) {
    return "/proc/self/fd/" + std::to_string(file);
}

std::string read_range(const std::string& path, std::uint64_t from, std::uint64_t to) {
    std::string bytes(to > from ? to - from : 0, '\0');
    if (bytes.empty()) return bytes;
    const int file =
        static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC, 0));
    const auto got = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(from));
    ::syscall(SYS_close, file);
    if (got != static_cast<ssize_t>(bytes.size())) std::abort();
    return bytes;
}

struct Node {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    bool there = false;
};

Node node_of(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return {};
    return {
        .inode = about.st_ino, .size = static_cast<std::uint64_t>(about.st_size), .there = true};
}

class Disk {
  public:
    Disk() {
        if (journal_path_.empty()) return;
        journal_ = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, journal_path_.c_str(),
                                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                                              S_IRUSR | S_IWUSR));
        if (journal_ < 0) std::abort();
    }

    bool holds(std::string_view path) const {
        return !root_.empty() && path.starts_with(root_) &&
               (path.size() == root_.size() || path[root_.size()] == '/');
    }
    bool holds(int file) const {
        return file >= 0 && file < descriptors_max && ours_[static_cast<std::size_t>(file)];
    }

    int open(const std::string& path, int flags, mode_t mode) {
        const std::scoped_lock one(mutex_);
        if (fault_.strikes(Kind::open, "open", path)) return -1;
        const Node before = node_of(path);
        const std::string lost = (flags & O_TRUNC) ? read_range(path, 0, before.size) : "";
        const auto file =
            static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags, mode));
        if (file < 0) return -1;
        if (file >= descriptors_max) std::abort();
        ours_[static_cast<std::size_t>(file)] = true;
        if (!before.there) note("make", node_of(folder_of(path)).inode, path);
        if (!lost.empty()) note("cut", before.inode, 0, before.size, to_hex(lost));
        return file;
    }

    int close(int file) {
        ours_[static_cast<std::size_t>(file)] = false;
        return static_cast<int>(::syscall(SYS_close, file));
    }

    /// `do_it` writes at `offset`, or where the file stands if that is negative.
    template <class DoIt>
    ssize_t write(int file, off_t offset, std::size_t length, DoIt do_it) {
        const std::scoped_lock one(mutex_);
        if (fails(Kind::write, "write", file)) return -1;
        const Node before = node_of(path_of(file));
        const auto from =
            static_cast<std::uint64_t>(offset < 0 ? ::lseek(file, 0, SEEK_CUR) : offset);
        const std::string lost =
            read_range(path_of(file), from, std::min(before.size, from + length));
        const ssize_t written = do_it();
        if (written > 0) note("write", before.inode, from, written, before.size, to_hex(lost));
        return written;
    }

    int resize(int file, off_t size) {
        const std::scoped_lock one(mutex_);
        if (fails(Kind::write, "ftruncate", file)) return -1;
        const Node before = node_of(path_of(file));
        const auto wanted = static_cast<std::uint64_t>(size);
        const std::string lost = read_range(path_of(file), wanted, before.size);
        const auto result = static_cast<int>(::syscall(SYS_ftruncate, file, size));
        if (result == 0 && wanted != before.size) {
            note("cut", before.inode, wanted, before.size, to_hex(lost));
        }
        return result;
    }

    /// Room that the file's size does not show has nothing a power cut could take.
    int reserve(int file, int mode, off_t offset, off_t length) {
        const std::scoped_lock one(mutex_);
        if (fails(Kind::write, "fallocate", file)) return -1;
        if ((mode & FALLOC_FL_KEEP_SIZE) == 0) std::abort();
        return static_cast<int>(::syscall(SYS_fallocate, file, mode, offset, length));
    }

    /// What is written while this waits for the disk may be safe or not: it counts as not.
    int sync(int file, long call) {
        std::unique_lock one(mutex_);
        const auto inode = node_of(path_of(file)).inode;
        const auto position = node_of(journal_path_).size;
        if (fails(Kind::sync, "sync", file)) {
            note("fail", inode, position);
            return -1;
        }
        one.unlock();
        const auto result = static_cast<int>(::syscall(call, file));
        one.lock();
        if (result == 0) note("sync", inode, position);
        return result;
    }

    /// Starts writing, promises nothing. Without flags it only asks whether the call is there, and
    /// no disk can fail that.
    int sync_range(int file, off_t offset, off_t length, unsigned flags) {
        const std::scoped_lock one(mutex_);
        if (flags != 0 && fails(Kind::sync, "sync_file_range", file)) return -1;
        return static_cast<int>(::syscall(SYS_sync_file_range, file, offset, length, flags));
    }

    int make_folder(const std::string& path, mode_t mode) {
        const std::scoped_lock one(mutex_);
        if (fault_.strikes(Kind::name, "mkdir", path)) return -1;
        const auto result = static_cast<int>(::syscall(SYS_mkdir, path.c_str(), mode));
        if (result == 0) note("make", node_of(folder_of(path)).inode, path);
        return result;
    }

    int rename(const std::string& from, const std::string& to) {
        const std::scoped_lock one(mutex_);
        if (fault_.strikes(Kind::name, "rename", from)) return -1;
        const std::string grave = bury(to);
        const auto result = static_cast<int>(::syscall(SYS_rename, from.c_str(), to.c_str()));
        if (result == 0) note("rename", node_of(folder_of(to)).inode, from, to, grave);
        return result;
    }

    int unlink(const std::string& path) {
        const std::scoped_lock one(mutex_);
        if (fault_.strikes(Kind::name, "unlink", path)) return -1;
        const std::string grave = bury(path);
        const auto result = static_cast<int>(::syscall(SYS_unlink, path.c_str()));
        if (result == 0) note("drop", node_of(folder_of(path)).inode, path, grave);
        return result;
    }

  private:
    bool fails(Kind kind, std::string_view call, int file) {
        std::array<char, PATH_MAX> name{};
        const auto size = ::readlink(path_of(file).c_str(), name.data(), name.size());
        return fault_.strikes(
            kind, call,
            std::string(name.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
    }

    /// A second name for the file, by which it can come back. Empty if there is none.
    std::string bury(const std::string& path) {
        const Node node = node_of(path);
        if (journal_ < 0 || !node.there) return "";
        const std::string grave = graves_ + '/' + std::to_string(node.inode);
        if (::syscall(SYS_link, path.c_str(), grave.c_str()) != 0 && errno != EEXIST) std::abort();
        return grave;
    }

    static std::string text_of(const std::string& text) { return text; }
    static std::string text_of(auto number) { return std::to_string(number); }

    template <class... Fields>
    void note(std::string line, const Fields&... fields) {
        if (journal_ < 0) return;
        ((line += '\t', line += text_of(fields)), ...);
        line += '\n';
        const auto written = ::syscall(SYS_write, journal_, line.data(), line.size());
        if (written != static_cast<long>(line.size())) std::abort();
    }

    const std::string root_ = variable("SICK_DISK_ROOT");
    const std::string journal_path_ = variable("SICK_DISK_JOURNAL");
    const std::string graves_ = variable("SICK_DISK_GRAVES");
    int journal_ = -1;
    std::array<std::atomic<bool>, descriptors_max> ours_{};
    std::mutex mutex_;
    Fault fault_;
};

/// Not destroyed: files are closed until the very end of the process.
Disk& disk() {
    static auto* const only = new Disk;
    return *only;
}

int open_any(int folder, const char* path, int flags, mode_t mode) {
    if (disk().holds(path)) return disk().open(path, flags, mode);
    return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    std::va_list rest;
    va_start(rest, flags);
    const auto mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
    std::va_list rest;
    va_start(rest, flags);
    const auto mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_any(folder, path, flags, mode);
}

int close(int file) {
    if (disk().holds(file)) return disk().close(file);
    return static_cast<int>(::syscall(SYS_close, file));
}

ssize_t write(int file, const void* bytes, std::size_t size) {
    const auto do_it = [=] { return ::syscall(SYS_write, file, bytes, size); };
    return disk().holds(file) ? disk().write(file, -1, size, do_it) : do_it();
}

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
    const auto do_it = [=] { return ::syscall(SYS_pwrite64, file, bytes, size, offset); };
    return disk().holds(file) ? disk().write(file, offset, size, do_it) : do_it();
}

ssize_t writev(int file, const iovec* parts, int count) {
    const auto do_it = [=] { return ::syscall(SYS_writev, file, parts, count); };
    if (!disk().holds(file)) return do_it();
    std::size_t size = 0;
    for (const auto& part : std::span(parts, static_cast<std::size_t>(count))) size += part.iov_len;
    return disk().write(file, -1, size, do_it);
}

int ftruncate(int file, off_t size) noexcept {
    if (disk().holds(file)) return disk().resize(file, size);
    return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}

int fallocate(int file, int mode, off_t offset, off_t length) {
    if (disk().holds(file)) return disk().reserve(file, mode, offset, length);
    return static_cast<int>(::syscall(SYS_fallocate, file, mode, offset, length));
}

int fsync(int file) {
    if (disk().holds(file)) return disk().sync(file, SYS_fsync);
    return static_cast<int>(::syscall(SYS_fsync, file));
}

int fdatasync(int file) {
    if (disk().holds(file)) return disk().sync(file, SYS_fdatasync);
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}

int sync_file_range(int file, off_t offset, off_t length, unsigned flags) {
    if (disk().holds(file)) return disk().sync_range(file, offset, length, flags);
    return static_cast<int>(::syscall(SYS_sync_file_range, file, offset, length, flags));
}

int mkdir(const char* path, mode_t mode) noexcept {
    if (disk().holds(path)) return disk().make_folder(path, mode);
    return static_cast<int>(::syscall(SYS_mkdir, path, mode));
}

int rename(const char* from, const char* to) noexcept {
    if (disk().holds(to)) return disk().rename(from, to);
    return static_cast<int>(::syscall(SYS_rename, from, to));
}

int unlink(const char* path) noexcept {
    if (disk().holds(path)) return disk().unlink(path);
    return static_cast<int>(::syscall(SYS_unlink, path));
}

}  // extern "C"
