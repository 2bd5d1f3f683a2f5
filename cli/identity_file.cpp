#include "cli/identity_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <unordered_set>

#include "cli/progress.hpp"
#include "model/limits.hpp"
#include "wire/device_json.hpp"

namespace restante::cli {
namespace {

constexpr std::string_view mode_default = "createOrUpdate";

/// The lines of a file, each at most as long as an identity can be.
class Lines {
  public:
    explicit Lines(const std::string& file) : name_(file) {
        if (file == "-") return;
        opened_.open(file);
        if (!opened_) {
            throw std::runtime_error(fmt::format("cannot read {}: {}", file, std::strerror(errno)));
        }
        input_ = &opened_;
    }

    /// nullopt at the end.
    std::optional<std::string_view> next() {
        input_->getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
        const auto read = static_cast<std::size_t>(input_->gcount());
        if (input_->bad()) throw std::runtime_error(fmt::format("cannot read {}", name_));
        if (read == 0 && input_->eof()) return std::nullopt;
        ++number_;
        if (input_->fail() && !input_->eof()) {
            throw std::runtime_error(
                fmt::format("line {} of {} is longer than {} bytes: it is no identity", number_,
                            name_, wire::device_json_bytes_max));
        }
        // The newline counts among what was read, and is not kept.
        return std::string_view(buffer_.data(), input_->eof() ? read : read - 1);
    }
    std::size_t number() const { return number_; }

  private:
    std::string name_;
    std::ifstream opened_;
    std::istream* input_ = &std::cin;
    std::string buffer_ = std::string(wire::device_json_bytes_max + 1, '\0');
    std::size_t number_ = 0;
};

/// As Azure's importErrors.log has it, and the line.
std::string error_line(const DeviceRegistryOperationError& error, std::size_t line) {
    boost::json::object entry{{"deviceId", error.device_id}};
    if (!error.module_id.empty()) entry["moduleId"] = error.module_id;
    entry["errorCode"] = error.error_code;
    entry["errorStatus"] = error.error_status;
    entry["line"] = line;
    return boost::json::serialize(entry);
}

std::string name_of(const std::string& device, const std::string& module) {
    return module.empty() ? device : device + "/" + module;
}

class Import {
  public:
    Import(IoTHubRegistryManager& manager, const ImportOptions& options)
        : manager_(manager), options_(options), lines_(options.file) {
        if (options_.errors.empty()) return;
        errors_.open(options_.errors);
        if (!errors_) {
            throw std::runtime_error(
                fmt::format("cannot write {}: {}", options_.errors, std::strerror(errno)));
        }
    }

    void run() {
        while (const auto line = lines_.next()) {
            if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
            add(*line);
        }
        flush();
    }

    std::size_t done() const { return done_; }
    std::size_t failed() const { return failed_; }
    /// How far the hub has got: for whoever must say that it did not get further.
    std::size_t lines_sent() const { return lines_sent_; }

  private:
    void add(std::string_view line) {
        ExportImportDevice entry;
        try {
            entry = ExportImportDevice::deserialize(std::string(line));
        } catch (const std::invalid_argument& error) {
            return fail({.device_id = {},
                         .module_id = {},
                         .error_code = "ArgumentInvalid",
                         .error_status = error.what()},
                        lines_.number());
        }
        if (!options_.mode.empty()) entry.import_mode = options_.mode;
        if (entry.import_mode.empty()) entry.import_mode = mode_default;
        // A request may name each device once: a module waits until its device was sent.
        if (ids_.contains(entry.id)) flush();
        ids_.insert(entry.id);
        batch_.push_back(std::move(entry));
        numbers_.push_back(lines_.number());
        if (batch_.size() == model::limits::bulk_entries_max) flush();
    }

    void flush() {
        if (batch_.empty()) return;
        const auto result = manager_.bulk_create_or_update_devices(batch_);
        done_ += batch_.size() - result.errors.size();
        for (const auto& error : result.errors) fail(error, number_of(error));
        lines_sent_ = numbers_.back();
        batch_.clear();
        numbers_.clear();
        ids_.clear();
        progress_.show(done_ + failed_);
    }

    std::size_t number_of(const DeviceRegistryOperationError& error) const {
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            if (batch_[i].id == error.device_id) return numbers_[i];
        }
        return 0;
    }

    void fail(const DeviceRegistryOperationError& error, std::size_t line) {
        ++failed_;
        if (!errors_.is_open()) {
            fmt::print(stderr, "restante: line {}: {}: {}: {}\n", line,
                       name_of(error.device_id, error.module_id), error.error_code,
                       error.error_status);
            return;
        }
        errors_ << error_line(error, line) << '\n';
    }

    IoTHubRegistryManager& manager_;
    const ImportOptions& options_;
    Lines lines_;
    std::ofstream errors_;
    Progress progress_{"identities imported"};
    std::vector<ExportImportDevice> batch_;
    std::vector<std::size_t> numbers_;  ///< the lines of the batch
    std::unordered_set<std::string> ids_;
    std::size_t done_ = 0;
    std::size_t failed_ = 0;
    std::size_t lines_sent_ = 0;
};

/// Where an export goes. A file gets its name when it is complete, so that none looks whole and is
/// not; it holds keys, so that nobody but its owner may read it.
class Sink {
  public:
    explicit Sink(const std::string& file) : name_(file), partial_(file + ".partial") {
        if (file == "-") return;
        umask(S_IRWXG | S_IRWXO);
        opened_.open(partial_);
        if (!opened_) {
            throw std::runtime_error(
                fmt::format("cannot write {}: {}", partial_, std::strerror(errno)));
        }
        output_ = &opened_;
    }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() {
        if (!opened_.is_open()) return;
        opened_.close();
        std::error_code ignored;
        std::filesystem::remove(partial_, ignored);
    }

    void write(const std::string& line) {
        *output_ << line << '\n';
        check();
    }

    void complete() {
        output_->flush();
        check();
        if (!opened_.is_open()) return;
        opened_.close();
        std::filesystem::rename(partial_, name_);
    }

  private:
    void check() const {
        if (!*output_) {
            throw std::runtime_error(fmt::format("cannot write {}: is its disk full?", name_));
        }
    }

    std::string name_;
    std::string partial_;
    std::ofstream opened_;
    std::ostream* output_ = &std::cout;
};

class Export {
  public:
    Export(IoTHubRegistryManager& manager, const ExportOptions& options)
        : manager_(manager), options_(options), sink_(options.file) {}

    std::size_t run() {
        write_devices();
        write_modules();
        sink_.complete();
        return written_;
    }

  private:
    void write_devices() {
        std::string place;
        do {
            const auto page = manager_.get_devices_page(place);
            place = page.continuation_token;
            for (const auto& device : page.devices) {
                ExportImportDevice entry;
                entry.id = device.device_id;
                entry.e_tag = device.etag;
                entry.status = device.status;
                entry.status_reason = device.status_reason;
                entry.authentication = device.authentication;
                entry.capabilities = device.capabilities;
                entry.device_scope = device.device_scope;
                entry.parent_scopes = device.parent_scopes;
                write(std::move(entry));
            }
        } while (!place.empty());
    }

    void write_modules() {
        std::string place;
        std::string last;
        do {
            // Named `id`, so that a row reads as an identity of a file does.
            const auto page =
                manager_.query_iot_hub({"SELECT deviceId AS id FROM devices.modules"}, place);
            place = page.continuation_token;
            for (const auto& row : page.items) {
                const std::string device = ExportImportDevice::deserialize(row).id;
                if (device == last) continue;
                last = device;
                write_modules_of(device);
            }
        } while (!place.empty());
    }

    void write_modules_of(const std::string& device) {
        constexpr int device_not_found = 404001;
        std::vector<Module> modules;
        try {
            modules = manager_.get_modules(device);
        } catch (const IoTHubError& error) {
            if (error.code() == device_not_found) return;  // deleted meanwhile
            throw;
        }
        for (const auto& module : modules) {
            // An edge device brings its own, until they have keys.
            if (module.authentication.type == "none") continue;
            ExportImportDevice entry;
            entry.id = module.device_id;
            entry.module_id = module.module_id;
            entry.e_tag = module.etag;
            entry.managed_by = module.managed_by;
            entry.authentication = module.authentication;
            write(std::move(entry));
        }
    }

    void write(ExportImportDevice entry) {
        entry.import_mode = mode_default;
        if (!options_.with_keys) entry.authentication.symmetric_key = {};
        sink_.write(entry.serialize());
        progress_.show(++written_);
    }

    IoTHubRegistryManager& manager_;
    const ExportOptions& options_;
    Sink sink_;
    Progress progress_{"identities exported"};
    std::size_t written_ = 0;
};

}  // namespace

void import_identities(IoTHubRegistryManager& manager, const ImportOptions& options) {
    std::optional<Import> import(std::in_place, manager, options);
    try {
        import->run();
    } catch (const IoTHubError& error) {
        throw std::runtime_error(
            fmt::format("{}; the lines up to {} are done, and a file whose mode is createOrUpdate "
                        "may be imported again",
                        error.what(), import->lines_sent()));
    }
    const std::size_t done = import->done();
    const std::size_t failed = import->failed();
    import.reset();
    fmt::print("{} identities imported\n", done);
    if (failed > 0) {
        const std::string place =
            options.errors.empty() ? "above" : fmt::format("in {}", options.errors);
        throw std::runtime_error(fmt::format("{} of {} were not imported, for the reasons {}",
                                             failed, done + failed, place));
    }
}

void export_identities(IoTHubRegistryManager& manager, const ExportOptions& options) {
    const std::size_t written = Export(manager, options).run();
    fmt::print(stderr, "{} identities exported\n", written);
}

}  // namespace restante::cli
