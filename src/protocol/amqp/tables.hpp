#pragma once
// The sessions and links of one connection, and how they are found: by our id, or by the peer's
// channel and handle. Owned by the connection; knows no rules but the bounds of limits.hpp.

#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/amqp/session_state.hpp"

namespace restante::amqp {

class Tables {
  public:
    /// Null when it is gone.
    Session* find(SessionId id) const;
    Link* find(LinkId id) const;

    /// By the peer's number; null when it uses none such.
    Session* on_channel(std::uint16_t channel_in) const;
    Link* on_handle(const Session& session, std::uint32_t handle_in) const;
    /// By our number, where there may be a session or not.
    Session* on_own_channel(std::uint16_t channel) const;

    Link* at(LinkSlot slot) const { return links_[slot].get(); }
    Session& session_of(const Link& link) const { return *sessions_[link.channel]; }
    static std::uint16_t channel_of(const Session& session);
    static LinkSlot slot_of(const Link& link);

    /// On the lowest channel free. Null when channel_max or the peer's `peer_channel_max` is used.
    Session* add_session(std::uint16_t peer_channel_max);
    void bind(Session& session, std::uint16_t channel_in);
    /// With its links.
    void remove(Session& session);
    void drop_links(Session& session);

    /// With the lowest handle free. Null when there are links_max already, or the session has used
    /// up handle_max or what the peer allows.
    Link* add_link(Session& session);
    /// `handle_in` is at most handle_max.
    void bind(Session& session, Link& link, std::uint32_t handle_in);
    void remove(Link& link);
    /// What is unsettled or unfinished on it.
    void drop_deliveries(Link& link);
    void drop_assembly(Link& link);

    std::size_t sessions() const { return session_count_; }
    std::size_t links() const { return link_count_; }

    /// Bytes of all assemblies; kept by whoever grows one.
    std::size_t assembly_bytes = 0;

    template <class Visit>
    void for_each_link(const Session& session, Visit visit) const {
        for (const LinkSlot slot : session.handles_out) {
            if (slot != no_link) visit(*links_[slot]);
        }
    }

  private:
    void release(Link& link);

    std::vector<std::unique_ptr<Session>> sessions_;  // by our channel
    std::vector<std::uint16_t> channels_in_;          // the peer's channel to ours, or no_channel
    std::vector<std::unique_ptr<Link>> links_;        // by slot
    std::vector<LinkSlot> free_slots_;
    std::size_t session_count_ = 0;
    std::size_t link_count_ = 0;
    std::uint32_t ids_given_ = 0;
};

}  // namespace restante::amqp
