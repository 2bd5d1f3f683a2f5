#pragma once

// When a call on a sick disk fails, and how (sick_disk.cpp says what the environment may ask for).
// Its owner counts under a lock. Part of a preloaded library: talks to the kernel only.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace restante::sick_disk {

enum class Kind { write, sync, open, name };

inline std::string variable(const char* name) {
    const char* value = ::getenv(name);
    return value == nullptr ? "" : value;
}

inline std::uint64_t to_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// When a call fails, and how.
class Fault {
  public:
    Fault() {
        const std::string text = variable("SICK_DISK_FAULT");
        const auto first = text.find(' ');
        const auto second = text.find(' ', first + 1);
        if (second == std::string::npos) return;
        kind_ = text.substr(0, first);
        at_ = to_number(std::string_view(text).substr(first + 1, second - first - 1));
        error_ = static_cast<int>(to_number(std::string_view(text).substr(second + 1)));
        whenever_ = at_ == 0;
    }

    /// Counts the call. True: it fails, errno is set.
    bool strikes(Kind kind, std::string_view call, const std::string& where) {
        if (!concerns(kind) || (whenever_ ? !is_sick() : !is_due())) return false;
        write_down(std::string(call) + ' ' + where + '\n');
        if (error_ == 0) ::kill(::getpid(), SIGKILL);
        errno = error_;
        return true;
    }

  private:
    bool is_sick() const {
        return !while_there_.empty() && ::access(while_there_.c_str(), F_OK) == 0;
    }
    bool is_due() {
        if (at_ == 0 || ++seen_ < at_) return false;
        if (seen_ == at_ || is_sick()) return true;
        at_ = 0;
        return false;
    }
    bool concerns(Kind kind) const {
        return kind_ == "any" || (kind_ == "write" && kind == Kind::write) ||
               (kind_ == "sync" && kind == Kind::sync) || (kind_ == "open" && kind == Kind::open);
    }

    void write_down(const std::string& line) const {
        if (fired_.empty()) return;
        const auto file = ::syscall(SYS_openat, AT_FDCWD, fired_.c_str(),
                                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (::syscall(SYS_write, file, line.data(), line.size()) < 0) std::abort();
        ::syscall(SYS_close, file);
    }

    const std::string while_there_ = variable("SICK_DISK_WHILE");
    const std::string fired_ = variable("SICK_DISK_FIRED");
    std::string kind_;
    bool whenever_ = false;  // each call while the file is there, whatever its number
    std::uint64_t at_ = 0;   // 0: never, or no more
    std::uint64_t seen_ = 0;
    int error_ = 0;
};

}  // namespace restante::sick_disk
