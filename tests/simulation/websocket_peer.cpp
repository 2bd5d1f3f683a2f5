#include <utility>

#include "peer.hpp"
#include "protocol/websocket/connection.hpp"
#include "protocol/websocket/handshake.hpp"

namespace restante::simulation {
namespace {

class WebSocketPeer final : public Peer {
  public:
    WebSocketPeer(Surroundings& around, std::string_view subprotocol, std::unique_ptr<Peer> inside)
        : around_(around),
          opening_{.host = Surroundings::hostname,
                   .target = "/$iothub/websocket",
                   .subprotocol = std::string(subprotocol)},
          request_(websocket::request_of(opening_)),
          inside_(std::move(inside)) {}

    void receive(BytesView bytes) override {
        if (!open_) {
            append(answer_, bytes);
            const auto read = websocket::read_answer(answer_, opening_);
            refused_ = !read;
            if (!read || !*read) return;
            open_ = true;
            const Bytes rest(answer_.begin() + static_cast<std::ptrdiff_t>(**read), answer_.end());
            return receive(rest);
        }
        frames_.receive(bytes, now());
        handle_events();
    }
    Bytes take_output() override {
        if (!open_) return std::exchange(request_, {});
        if (const Bytes stream = inside_->take_output(); !stream.empty()) frames_.send(stream);
        return frames_.take_output();
    }
    void advance() override {
        inside_->advance();
        frames_.advance(now());
        handle_events();
    }
    void act() override { inside_->act(); }
    bool over() const override { return refused_ || frames_.finished() || inside_->over(); }

  private:
    SteadyTime now() const { return around_.clock.now().steady; }
    void handle_events() {
        while (auto event = frames_.next_event()) {
            if (const auto* part = std::get_if<websocket::Received>(&*event)) {
                inside_->receive(part->bytes);
            }
        }
    }

    Surroundings& around_;
    const websocket::ClientOpening opening_;
    Bytes request_;
    Bytes answer_;
    bool open_ = false;
    bool refused_ = false;
    websocket::Connection frames_{websocket::Role::client};
    std::unique_ptr<Peer> inside_;
};

}  // namespace

std::unique_ptr<Peer> make_websocket(Surroundings& around, std::string_view subprotocol,
                                     std::unique_ptr<Peer> inside) {
    return std::make_unique<WebSocketPeer>(around, subprotocol, std::move(inside));
}

}  // namespace restante::simulation
