#pragma once
// What the clients of a device and of a module have in common: a line to the hub over TLS.
//
// The application owns its client. Any thread may call any member, handlers included. It ends by
// shutdown(), which the destructor calls; what the handlers refer to must last until then.
//
// Handlers run one at a time, in order, on a thread of the client's own or, with own_loop, inside
// run_once(). A handler that takes its time delays the next, never the connection. One that throws
// is reported to on_background_exception.
//
// A connection that breaks is made again, with a new token and the subscription, until the hub
// refuses the credentials or disconnect() is called. The first connection is not tried twice: its
// failure is thrown.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "restante/device/exceptions.hpp"
#include "restante/device/message.hpp"
#include "restante/device/options.hpp"

namespace restante {

namespace device {
class ClientImpl;
}

class IoTHubClient {
  public:
    IoTHubClient(const IoTHubClient&) = delete;
    IoTHubClient& operator=(const IoTHubClient&) = delete;

    /// Returns once the hub has accepted the client and, when a message handler is set, its
    /// subscription stands; at once when that is so already. Takes at most 60 s. Throws
    /// ConnectionFailedError, CredentialError, ClientError (a server certificate that is not
    /// trusted, a protocol error), OperationTimeout, OperationCancelled.
    void connect();

    /// Waits for a handler that is running, at most 10 s, so that its message is acknowledged,
    /// then says good-bye, at most 2 s. Ends attempts to reconnect. Messages not yet handled stay
    /// with the hub. From a handler: returns at once, and happens when the handler has returned.
    void disconnect();

    /// disconnect(), then the end: no handler is called any more once this has returned, and every
    /// other member throws ClientError. As often as you like. From a handler: returns at once, and
    /// happens when the handler has returned.
    void shutdown();

    /// Sends telemetry; returns once the hub has acknowledged it. Connects first when auto_connect
    /// is set. While the connection is being made again it waits, and what the hub had not
    /// acknowledged is sent again: at least once, never less. Up to 1000 messages wait so, each of
    /// its own caller; a further one throws ClientError at once.
    ///
    /// Throws std::invalid_argument when the message has more than 256 KB or its properties more
    /// than 64 KB, what connect() throws, NoConnectionError, OperationCancelled when disconnect()
    /// or shutdown() comes first, and OperationTimeout after 4 minutes.
    void send_message(const Message& message);
    /// The same with this text as its data.
    void send_message(const std::string& data);

    /// Goes on with another token of the same identity, for a client that was made with one:
    /// connects with it, anew when it was connected, and returns when that is done. Throws
    /// std::invalid_argument when the token is none, has expired, or is for another identity or
    /// hub; ClientError when the client was not made with one; what connect() throws.
    void update_sastoken(const std::string& sastoken);

    /// With own_loop: becomes readable when run_once() has something to do. Wait for it with poll,
    /// epoll or select; do not read it. Otherwise, and after shutdown(), ClientError.
    int descriptor() const;
    /// With own_loop: calls the handlers for what has come, without waiting. How many it called.
    std::size_t run_once();

    /// Whether the hub has accepted the client on a connection that has not been found broken.
    bool connected() const;

    /// Called after each change of connected(), the short gap while a token is renewed included.
    void on_connection_state_change(std::function<void()> handler);

    /// Called two minutes before the token that the client was made with expires, or at half its
    /// life when that is later: time for update_sastoken().
    void on_new_sastoken_required(std::function<void()> handler);

    /// Called with what went wrong where no caller waits for it: a dropped connection, a failed
    /// attempt to reconnect, an exception out of a handler. The types are those of exceptions.hpp.
    void on_background_exception(std::function<void(const std::exception&)> handler);

  protected:
    explicit IoTHubClient(std::unique_ptr<device::ClientImpl> impl);
    ~IoTHubClient();
    IoTHubClient(IoTHubClient&& other) noexcept;
    IoTHubClient& operator=(IoTHubClient&& other) noexcept;

    /// Throws ClientError after shutdown().
    device::ClientImpl& impl() const;

  private:
    std::unique_ptr<device::ClientImpl> impl_;
};

}  // namespace restante
