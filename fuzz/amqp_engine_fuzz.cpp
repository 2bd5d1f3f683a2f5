// uses: protocol_amqp
// A whole AMQP connection, either end, against a peer that says anything at any time, while the
// application does anything at any time.
//
// The input is a script: a byte for the options, then steps of one byte each with their operands.
// What the engine says must be frames that its own codec reads and that the peer's limit allows,
// and nothing may follow its last event.

#include <algorithm>
#include <vector>

#include "base/assert.hpp"
#include "protocol/amqp/connection.hpp"

using namespace restante;
using namespace restante::amqp;

namespace {

constexpr SteadyTime start_time{std::chrono::hours(1)};

class Script {
  public:
    explicit Script(BytesView bytes) : in_(bytes), options_(in_.u8()) {
        Options options{.side = (options_ & 1) != 0 ? Side::client : Side::server,
                        .container_id = "fuzz",
                        .offer_external = (options_ & 2) != 0,
                        .sasl = (options_ & 4) != 0 ? SaslMechanism::plain : SaslMechanism::none};
        engine_.emplace(std::move(options), start_time);
        if ((options_ & 8) != 0) engine_->authenticated();
        if ((options_ & 16) != 0) receive(amqp_header);
    }

    void run() {
        while (in_.ok() && !in_.empty()) step();
        check_output();
    }

  private:
    void step() {
        const std::uint8_t what = in_.u8();
        switch (what % 8) {
            case 0:
            case 1:
            case 2:
                frame(FrameType::amqp, what / 8 % 4);
                break;
            case 3:
                frame(FrameType::sasl, 0);
                break;
            case 4:
                receive(in_.take(std::min<std::size_t>(in_.u8(), in_.remaining())));
                break;
            case 5:
                now_ += Milliseconds(in_.u16());
                engine_->advance(now_);
                engine_->next_deadline();
                events();
                break;
            case 6:
                verb(in_.u8());
                break;
            default:
                check_output();
                break;
        }
    }

    /// The body is the input's; the header is right, so that bodies get looked at.
    void frame(FrameType type, unsigned channel) {
        const std::size_t size = std::min<std::size_t>(in_.u8(), in_.remaining());
        Bytes bytes;
        FrameWriter writer(bytes, type, static_cast<std::uint16_t>(channel));
        append(bytes, in_.take(size));
        writer.finish();
        receive(bytes);
    }

    void receive(BytesView bytes) {
        engine_->receive(bytes, now_);
        events();
    }

    void events() {
        while (auto event = engine_->next_event()) {
            RESTANTE_ASSERT(!over_);
            over_ =
                std::holds_alternative<Closed>(*event) || std::holds_alternative<Failed>(*event);
            if (const auto* attach = std::get_if<AttachRequested>(&*event)) {
                links_.push_back(attach->link);
            } else if (const auto* began = std::get_if<Began>(&*event)) {
                sessions_.push_back(began->session);
            } else if (const auto* delivered = std::get_if<Delivered>(&*event)) {
                deliveries_.push_back(delivered->id);
            } else if (const auto* outcome = std::get_if<DispositionReceived>(&*event)) {
                deliveries_.push_back(outcome->id);
            } else if (const auto* opened = std::get_if<Opened>(&*event)) {
                check_output();
                frame_bytes_max_ = std::min(opened->open.max_frame_size, frame_bytes_max);
            }
        }
        RESTANTE_ASSERT(!over_ || engine_->finished());
    }

    template <class T>
    T any(const std::vector<T>& known) {
        const std::uint8_t index = in_.u8();
        return known.empty() ? T{} : known[index % known.size()];
    }

    void verb(std::uint8_t which) {
        const ErrorCondition error{.condition = "amqp:not-found", .description = "fuzz"};
        const DeliveryState state =
            (which & 64) != 0 ? DeliveryState(Accepted{}) : DeliveryState(Rejected{error});
        const LinkId link = any(links_);
        switch (which % 13) {
            case 0:
                engine_->sasl_outcome((which & 128) != 0 ? SaslCode::auth : SaslCode::ok);
                break;
            case 1:
                engine_->authenticated();
                break;
            case 2:
                engine_->accept_attach(link, {.max_message_size = in_.u16()});
                break;
            case 3:
                engine_->refuse_attach(link, error);
                break;
            case 4:
                begin();
                break;
            case 5:
                attach((which & 64) != 0);
                break;
            case 6:
                engine_->set_credit_window(link, in_.u8());
                break;
            case 7:
                engine_->settle(link, any(deliveries_), state);
                break;
            case 8:
                send(link);
                break;
            case 9:
                engine_->settle_sent(link, any(deliveries_), state);
                break;
            case 10:
                engine_->detach(link, error);
                break;
            case 11:
                engine_->end(any(sessions_));
                break;
            default:
                engine_->close(error);
                break;
        }
        events();
    }

    void begin() {
        if (const auto session = engine_->begin()) sessions_.push_back(*session);
    }

    void attach(bool sends) {
        Attach attach{.name = "a",
                      .role = sends ? Role::sender : Role::receiver,
                      .source = Source{},
                      .target = Target{}};
        if (const auto link = engine_->attach(any(sessions_), attach)) links_.push_back(*link);
    }

    void send(LinkId link) {
        const Bytes payload(std::size_t{in_.u8()} * 64, 0);
        const std::uint8_t tag = in_.u8();
        const bool could = engine_->can_send(link);
        const auto sent = engine_->send(link, {.tag = BytesView(&tag, 1), .payload = payload});
        RESTANTE_ASSERT(could || !sent);
    }

    void check_output() {
        output_.append(engine_->take_output());
        events();
        for (;;) {
            if (sasl_ended_ || headers_ == 0) {
                const auto header = output_.header();
                if (!header) return;
                const bool sasl = *header == sasl_header;
                RESTANTE_ASSERT(sasl || *header == amqp_header);
                ++headers_;
                sasl_ended_ = false;
                in_sasl_ = sasl;
                continue;
            }
            const auto frame = output_.next(in_sasl_ ? sasl_frame_bytes_max : frame_bytes_max_);
            RESTANTE_ASSERT(frame.has_value());
            if (!*frame) return;
            if (in_sasl_) {
                check_sasl((*frame)->body);
            } else if (!(*frame)->body.empty()) {
                ByteReader body((*frame)->body);
                RESTANTE_ASSERT(read_performative(body).has_value());
            }
        }
    }

    void check_sasl(BytesView body) {
        const auto frame = decode_sasl_frame(body);
        RESTANTE_ASSERT(frame.has_value());
        sasl_ended_ = !std::holds_alternative<SaslMechanisms>(*frame);
    }

    ByteReader in_;
    std::uint8_t options_;
    std::optional<Connection> engine_;
    SteadyTime now_ = start_time;
    FrameReader output_;
    int headers_ = 0;
    bool in_sasl_ = false;
    bool sasl_ended_ = false;  // what follows is a header again
    std::uint32_t frame_bytes_max_ = frame_bytes_max;
    bool over_ = false;
    std::vector<LinkId> links_;
    std::vector<SessionId> sessions_;
    std::vector<DeliveryId> deliveries_;
};

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Script(BytesView(data, size)).run();
    return 0;
}
