#include "support/fault_proxy.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <optional>
#include <utility>

namespace restante::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

/// More than the longest TLS record, so that most pieces are whole records.
constexpr std::size_t piece_bytes_max = 32 * 1024;

tcp::endpoint loopback(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

}  // namespace

/// One connection of the client with its other half to the hub. Each of its two ways has at most
/// one thing under way: a read, a delay or a write.
class FaultProxy::Link : public std::enable_shared_from_this<FaultProxy::Link> {
  public:
    Link(FaultProxy& proxy, Socket client, Socket hub)
        : proxy_(proxy),
          client_(std::move(client)),
          hub_(std::move(hub)),
          ways_{Way(Direction::to_hub, client_, hub_), Way(Direction::to_client, hub_, client_)} {
        // A piece goes on as it came, not when the next one joins it.
        client_.set_option(tcp::no_delay(true));
        hub_.set_option(tcp::no_delay(true));
    }

    void start() {
        for (auto& way : ways_) read(way);
    }
    void cut() {
        Code ignored;
        for (auto& way : ways_) {
            way.flow = Flow::lose;
            way.to.shutdown(Socket::shutdown_send, ignored);
            resume(way);
        }
    }
    void reset() {
        Code ignored;
        for (auto& way : ways_) way.from.set_option(Socket::linger(true, 0), ignored);
        close();
    }
    void stall() {
        for (auto& way : ways_) way.flow = Flow::keep;
    }
    void half_open() {
        for (auto& way : ways_) {
            way.flow = Flow::lose;
            resume(way);
        }
        Code ignored;
        hub_.close(ignored);
    }
    void delay(std::chrono::milliseconds each) {
        delay_ = each;
        pass_on();
    }
    void corrupt() {
        way(Direction::to_client).corrupting = true;
        pass_on();
    }
    void hold_answer(std::size_t bytes) { hold_after_ = bytes; }

    void close() {
        Code ignored;
        for (auto& way : ways_) {
            way.flow = Flow::lose;
            if (std::exchange(way.kept, std::nullopt)) way.ended = true;
            way.timer.cancel();
            way.from.close(ignored);
        }
    }

  private:
    enum class Flow : std::uint8_t { pass, keep, lose };

    struct Way {
        Way(Direction of, Socket& source, Socket& target)
            : direction(of), from(source), to(target), timer(source.get_executor()) {}

        const Direction direction;
        Socket& from;
        Socket& to;
        asio::steady_timer timer;
        Flow flow = Flow::pass;
        std::optional<std::size_t> kept;  ///< bytes of the piece that waits until resume()
        bool corrupting = false;
        bool ended = false;
        std::array<char, piece_bytes_max> piece;
    };

    Way& way(Direction which) { return ways_[static_cast<std::size_t>(which)]; }

    void pass_on() {
        for (auto& way : ways_) {
            if (way.flow == Flow::keep) way.flow = Flow::pass;
            resume(way);
        }
    }
    void resume(Way& way) {
        if (way.kept) arrived(way, *std::exchange(way.kept, std::nullopt));
    }
    void read(Way& way) {
        way.from.async_read_some(asio::buffer(way.piece),
                                 [self = shared_from_this(), &way](const Code& error, auto bytes) {
                                     error ? self->ended(way) : self->arrived(way, bytes);
                                 });
    }
    void arrived(Way& way, std::size_t bytes) {
        if (delay_ == delay_.zero() || way.flow != Flow::pass) return forward(way, bytes);
        way.timer.expires_after(delay_);
        way.timer.async_wait([self = shared_from_this(), &way, bytes](const Code& cancelled) {
            cancelled ? self->ended(way) : self->forward(way, bytes);
        });
    }
    void forward(Way& way, std::size_t bytes) {
        if (way.flow == Flow::lose) return read(way);
        if (way.direction == Direction::to_hub) watch_for_hold(bytes);
        if (way.flow == Flow::keep) {
            way.kept = bytes;
            proxy_.note([](ProxyCounts& counts) { ++counts.kept; });
            return;
        }
        if (std::exchange(way.corrupting, false)) {
            way.piece[bytes - 1] ^= 1;  // of a record's content: its header comes first
            proxy_.note([](ProxyCounts& counts) { ++counts.corrupted; });
        }
        asio::async_write(way.to, asio::buffer(way.piece, bytes),
                          [self = shared_from_this(), &way](const Code& error, auto written) {
                              if (error && way.flow == Flow::pass) return self->close();
                              self->proxy_.note([&](ProxyCounts& counts) {
                                  counts.bytes[static_cast<std::size_t>(way.direction)] += written;
                              });
                              self->read(way);
                          });
    }
    /// Before the hub has these bytes: its answer to them is kept for certain.
    void watch_for_hold(std::size_t bytes) {
        if (!hold_after_) return;
        *hold_after_ -= std::min(*hold_after_, bytes);
        if (*hold_after_ > 0) return;
        hold_after_.reset();
        way(Direction::to_client).flow = Flow::keep;
    }
    void ended(Way& way) {
        way.ended = true;
        if (way.flow == Flow::keep) return;  // nobody hears of it
        Code ignored;
        if (way.flow == Flow::pass) way.to.shutdown(Socket::shutdown_send, ignored);
        if (!ways_[0].ended || !ways_[1].ended) return;
        close();
        proxy_.forget(*this);
    }

    FaultProxy& proxy_;  // which outlives the thread this runs on
    Socket client_;
    Socket hub_;
    std::array<Way, 2> ways_;
    std::chrono::milliseconds delay_{0};
    std::optional<std::size_t> hold_after_;  ///< bytes of the client's
};

FaultProxy::FaultProxy(std::uint16_t hub_port)
    : guard_(asio::make_work_guard(context_)),
      acceptor_(context_, loopback(0)),
      port_(acceptor_.local_endpoint().port()),
      hub_port_(hub_port) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
}

FaultProxy::~FaultProxy() {
    run([this] {
        acceptor_.close();
        for (const auto& link : std::exchange(links_, {})) link->close();
    });
    guard_.reset();
    thread_.join();
}

void FaultProxy::cut() {
    each_link([](Link& link) { link.cut(); });
}

void FaultProxy::reset() {
    each_link([](Link& link) { link.reset(); });
}

void FaultProxy::stall() {
    each_link([](Link& link) { link.stall(); });
}

void FaultProxy::half_open() {
    each_link([](Link& link) { link.half_open(); });
}

void FaultProxy::delay(std::chrono::milliseconds each) {
    each_link([each](Link& link) { link.delay(each); });
}

void FaultProxy::corrupt() {
    each_link([](Link& link) { link.corrupt(); });
}

void FaultProxy::refuse(std::size_t count) {
    run([this, count] { to_refuse_ = count; });
}

void FaultProxy::ignore(std::size_t count) {
    run([this, count] { to_ignore_ = count; });
}

void FaultProxy::hold_answer(std::size_t bytes) {
    each_link([bytes](Link& link) { link.hold_answer(bytes); });
}

ProxyCounts FaultProxy::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

bool FaultProxy::wait(const std::function<bool(const ProxyCounts&)>& condition) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return condition(counts_); });
}

void FaultProxy::accept() {
    acceptor_.async_accept([this](const Code& error, Socket client) {
        if (error) return;
        take(std::move(client));
        accept();
    });
}

void FaultProxy::take(Socket client) {
    if (to_refuse_ > 0) {
        --to_refuse_;
        client.close();
        return note([](ProxyCounts& counts) { ++counts.refused; });
    }
    if (to_ignore_ > 0) {
        --to_ignore_;
        ignored_.push_back(std::move(client));
        return note([](ProxyCounts& counts) { ++counts.ignored; });
    }
    Socket hub(context_);
    Code error;
    hub.connect(loopback(hub_port_), error);
    if (error) return;
    links_.push_back(std::make_shared<Link>(*this, std::move(client), std::move(hub)));
    links_.back()->start();
    note([](ProxyCounts& counts) { ++counts.connections; });
}

void FaultProxy::run(const std::function<void()>& work) {
    std::promise<void> done;
    asio::post(context_, [&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

void FaultProxy::each_link(const std::function<void(Link&)>& work) {
    run([&] {
        // A link that ends by it leaves the list.
        for (const auto& link : std::vector(links_)) work(*link);
    });
}

void FaultProxy::note(const std::function<void(ProxyCounts&)>& change) {
    const std::lock_guard lock(mutex_);
    change(counts_);
    changed_.notify_all();
}

void FaultProxy::forget(const Link& link) {
    const auto gone = std::erase_if(links_, [&](const auto& each) { return each.get() == &link; });
    note([gone](ProxyCounts& counts) { counts.ended += gone; });
}

}  // namespace restante::test
