#include "nats_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

namespace restante::load {
namespace {

namespace asio = boost::asio;

constexpr std::string_view line_end = "\r\n";

template <class Number>
std::optional<Number> number_in(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string_view last_word(std::string_view line, char between) {
    return line.substr(line.rfind(between) + 1);
}

}  // namespace

NatsLink::NatsLink(Broker& broker, const Options& options, std::size_t window, SenderOwner& owner)
    : broker_(broker),
      options_(options),
      window_(window),
      owner_(owner),
      inbox_(fmt::format("_INBOX.{}.", reinterpret_cast<std::uintptr_t>(this))),
      stream_(broker.loop().context(), tls_) {
    tls_.load_verify_file(options.ca_file);
}

void NatsLink::start() {
    asio::post(broker_.loop().context(), [self = shared_from_this()] { self->connect(); });
}

void NatsLink::connect() {
    ErrorOf error;
    Tcp::resolver resolver(broker_.loop().context());
    const auto found = resolver.resolve(options_.host, std::to_string(options_.nats_port), error);
    if (!error) asio::connect(stream_.next_layer(), found, error);
    if (error) return fail_with("connect", error.message());
    stream_.next_layer().set_option(Tcp::no_delay(true), error);
    read_greeting();
}

void NatsLink::read_greeting() {
    stream_.next_layer().async_read_some(
        asio::buffer(chunk_), [self = shared_from_this()](ErrorOf error, std::size_t bytes) {
            if (error) return self->fail_with("read INFO", error.message());
            self->input_.append(self->chunk_.data(), bytes);
            if (!self->input_.ends_with(line_end)) return self->read_greeting();
            self->input_.clear();
            self->shake_hands();
        });
}

void NatsLink::shake_hands() {
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.async_handshake(asio::ssl::stream_base::client,
                            [self = shared_from_this()](ErrorOf error) {
                                if (error) return self->fail_with("do TLS", error.message());
                                self->introduce();
                            });
}

void NatsLink::introduce() {
    output_ = fmt::format(
        "CONNECT {{\"verbose\":false,\"pedantic\":false,\"tls_required\":true,\"lang\":\"C++\","
        "\"version\":\"1\",\"protocol\":1}}\r\nSUB {}* 1\r\nPING\r\n",
        inbox_);
    write();
    read();
}

void NatsLink::read() {
    stream_.async_read_some(asio::buffer(chunk_),
                            [self = shared_from_this()](ErrorOf error, std::size_t bytes) {
                                if (self->finished_) return;
                                if (error) return self->fail_with("read", error.message());
                                self->input_.append(self->chunk_.data(), bytes);
                                if (!self->take_commands()) return;
                                self->write();
                                self->read();
                            });
}

bool NatsLink::take_commands() {
    std::size_t at = 0;
    while (!finished_) {
        const std::size_t end = input_.find(line_end, at);
        if (end == std::string::npos) break;
        const std::string_view command(input_.data() + at, end - at);
        std::size_t next = end + line_end.size();
        if (command.starts_with("MSG ")) {
            const auto bytes = take_message(command, next);
            if (!bytes) break;
            next += *bytes;
        } else {
            take(command);
        }
        at = next;
    }
    if (finished_) return false;
    input_.erase(0, at);
    owner_.ready(*this);
    return !finished_;
}

void NatsLink::take(std::string_view command) {
    if (command == "PING") output_ += "PONG\r\n";
    if (command == "PONG") ready_ = true;
    if (command.starts_with("-ERR")) fail_with("go on", command);
}

std::optional<std::size_t> NatsLink::take_message(std::string_view command, std::size_t at) {
    const auto body_bytes = number_in<std::size_t>(last_word(command, ' ')).value_or(0);
    const std::size_t bytes = body_bytes + line_end.size();
    if (input_.size() < at + bytes) return std::nullopt;
    constexpr std::size_t subject_at = 4;
    const auto subject = command.substr(subject_at, command.find(' ', subject_at) - subject_at);
    const auto ticket = number_in<std::uint64_t>(last_word(subject, '.'));
    if (!ticket || waiting_.erase(*ticket) == 0) return bytes;
    const auto answer = std::string_view(input_).substr(at, body_bytes);
    if (answer.contains("\"error\"")) {
        owner_.refused(std::string(answer));
    } else {
        owner_.acknowledged(*ticket);
    }
    return bytes;
}

Result<void> NatsLink::send(const Member& to, BytesView body, std::uint64_t ticket) {
    std::string subject = topic_of(to);
    std::ranges::replace(subject, '/', '.');
    fmt::format_to(std::back_inserter(output_), "PUB {}{} {}{} {}\r\n", options_.nats_prefix,
                   subject, inbox_, ticket, body.size());
    output_ += as_text(body);
    output_ += line_end;
    waiting_.insert(ticket);
    return {};
}

void NatsLink::run(net::Work work) {
    asio::post(broker_.loop().context(),
               [self = shared_from_this(), work = std::move(work)]() mutable {
                   if (self->finished_) return;
                   work();
                   self->write();
               });
}

void NatsLink::write() {
    if (finished_ || output_.empty() || !writing_.empty()) return;
    std::swap(output_, writing_);
    asio::async_write(stream_, asio::buffer(writing_),
                      [self = shared_from_this()](ErrorOf error, std::size_t) {
                          if (self->finished_) return;
                          if (error) return self->fail_with("write", error.message());
                          self->writing_.clear();
                          self->write();
                      });
}

void NatsLink::leave() {
    finish(std::nullopt);
}

void NatsLink::fail_with(std::string_view doing, std::string_view cause) {
    finish(
        Error(ErrorCode::connection_dropped, fmt::format("cannot {} with NATS: {}", doing, cause)));
}

void NatsLink::finish(std::optional<Error> fault) {
    if (std::exchange(finished_, true)) return;
    ErrorOf ignored;
    stream_.next_layer().close(ignored);
    owner_.ended(std::move(fault));
}

}  // namespace restante::load
