// uses: server
// The configuration of a hub: 'f' a TOML file, otherwise command line arguments, one a line.
// Whatever is written, the answer is a configuration within its ranges or one of the two
// exceptions that main() knows.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "base/text.hpp"
#include "server/config.hpp"

namespace {

using namespace restante;

/// A file in memory that has a path.
class MemoryFile {
  public:
    explicit MemoryFile(std::string_view text) : descriptor_(::memfd_create("config", 0)) {
        RESTANTE_ASSERT(descriptor_ >= 0);
        const auto written = ::write(descriptor_, text.data(), text.size());
        RESTANTE_ASSERT(written == static_cast<ssize_t>(text.size()));
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  private:
    int descriptor_;
};

void check(const server::Config& config) {
    namespace limits = model::limits;
    const auto& [queue, feedback, throttle] = config.rules;
    RESTANTE_ASSERT(queue.depth_max >= 1 && queue.depth_max <= limits::queue_depth_max_highest);
    RESTANTE_ASSERT(queue.lock_duration >= limits::lock_duration_min);
    RESTANTE_ASSERT(queue.lock_duration <= limits::lock_duration_max);
    RESTANTE_ASSERT(queue.ttl_default >= limits::ttl_min && queue.ttl_default <= limits::ttl_max);
    RESTANTE_ASSERT(queue.delivery_count_max >= limits::delivery_count_max_lowest);
    RESTANTE_ASSERT(queue.delivery_count_max <= limits::delivery_count_max_highest);
    RESTANTE_ASSERT(feedback.ttl >= limits::ttl_min && feedback.ttl <= limits::ttl_max);
    RESTANTE_ASSERT(throttle.units >= 1 && throttle.units <= limits::throttle_units_max);
    RESTANTE_ASSERT(config.unproved_connections_per_address_max >= 1);
    RESTANTE_ASSERT(config.tls_certificate.empty() == config.tls_key.empty());
}

void read(const std::vector<std::string>& arguments) {
    try {
        check(server::parse_config(arguments));
    } catch (const server::UsageError& error) {
        RESTANTE_ASSERT(*error.what() != '\0');
    } catch (const server::HelpRequested&) {
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] == 'f') {
        const MemoryFile file(text);
        read({"--config", file.path()});
        return 0;
    }
    std::vector<std::string> arguments;
    for (const auto line : split(text, '\n')) {
        // An argument ends at a NUL, and a file of the machine is nobody's input.
        if (line.contains('\0') || line.contains("--config")) return 0;
        arguments.emplace_back(line);
    }
    read(arguments);
    return 0;
}
