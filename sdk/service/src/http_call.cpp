#include "http_call.hpp"

#include <future>

#include "wire/device_json.hpp"

namespace restante::service {
namespace {

class CallSession final : public net::Session {
  public:
    CallSession(std::string host, http::Request request,
                std::shared_ptr<std::promise<Result<http::Response>>> answer)
        : engine_(http::ClientOptions{.host = std::move(host),
                                      .body_bytes_max = wire::device_list_json_bytes_max}),
          request_(std::move(request)),
          answer_(std::move(answer)) {}

    void start(net::ConnectionHandle, const net::Peer&, Now now) override {
        if (auto sent = engine_.send(request_, now.steady); !sent) {
            answer(std::unexpected(sent.error()));
        }
    }
    void receive(BytesView bytes, Now now) override {
        engine_.receive(bytes, now.steady);
        handle_events();
    }
    Bytes take_output() override { return engine_.take_output(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_.next_deadline(); }
    void advance(Now now) override {
        engine_.advance(now.steady);
        handle_events();
    }
    bool finished() const override { return answered_ || engine_.finished(); }
    void closed(const Error& reason) override {
        // Only a peer that was there can have ended a response by closing.
        if (reason.code == ErrorCode::connection_dropped) {
            engine_.peer_closed();
            handle_events();
        }
        answer(std::unexpected(reason));
    }

  private:
    void handle_events() {
        while (auto event = engine_.next_event()) {
            if (auto* received = std::get_if<http::ResponseReceived>(&*event)) {
                answer(std::move(received->response));
            } else {
                answer(std::unexpected(std::get<http::RequestsFailed>(*event).error));
            }
        }
    }
    void answer(Result<http::Response> result) {
        if (answered_) return;
        answered_ = true;
        answer_->set_value(std::move(result));
    }

    http::ClientEngine engine_;
    http::Request request_;
    std::shared_ptr<std::promise<Result<http::Response>>> answer_;  // shared with the waiting call
    bool answered_ = false;
};

}  // namespace

http::Response call(ServiceAccount& account, http::Request request) {
    request.headers.add("Authorization", account.make_token(account.now().wall).text);
    request.headers.add("Connection", "close");
    auto promise = std::make_shared<std::promise<Result<http::Response>>>();
    auto future = promise->get_future();
    const auto handle = account.connect_https(
        std::make_unique<CallSession>(account.host(), std::move(request), std::move(promise)));
    if (future.wait_for(account.timeout()) != std::future_status::ready) {
        handle.close();
        throw_error(Error(ErrorCode::timeout, "the hub did not answer in time"));
    }
    auto response = future.get();
    if (!response) throw_error(response.error());
    return std::move(*response);
}

}  // namespace restante::service
