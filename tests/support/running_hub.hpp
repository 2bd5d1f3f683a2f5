#pragma once
// A real hub in this process: its data in a folder of its own, its ports free ones of loopback.

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>

#include "server/server.hpp"
#include "support/temporary_folder.hpp"

namespace restante::test {

class RunningHub {
  public:
    explicit RunningHub(std::size_t queue_depth)
        : server(config(folder_, queue_depth), sink_, clock_) {}

    /// The authority that its clients must trust.
    std::string ca_pem() const {
        std::ostringstream text;
        text << std::ifstream(server.trust_file()).rdbuf();
        return text.str();
    }

  private:
    class SilentSink final : public LogSink {
      public:
        void write(std::string_view) override {}
    };

    static server::Config config(const TemporaryFolder& folder, std::size_t queue_depth) {
        server::Config config;
        config.data_dir = folder.path() / "data";
        config.mqtt_port = config.amqp_port = config.https_port = 0;
        config.rules.queue.depth_max = queue_depth;
        return config;
    }

    TemporaryFolder folder_;
    SilentSink sink_;
    SystemClock clock_;

  public:
    server::Server server;
};

}  // namespace restante::test
