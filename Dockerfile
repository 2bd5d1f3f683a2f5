# The hub in a container: built from this tree, installed from its Debian package, run by the
# package's user. Settings come by the environment (RESTANTE_HOSTNAME); docs/packages.md has more.

FROM debian:bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
COPY . /src
WORKDIR /src
RUN make deb

FROM debian:bookworm-slim
COPY --from=build /src/build/debian/restante_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends openssl /tmp/restante_*.deb \
    && rm -rf /tmp/restante_*.deb /var/lib/apt/lists/*
USER restante
VOLUME /var/lib/restante
EXPOSE 8883 5671 443
ENV RESTANTE_LISTEN=0.0.0.0

# A TLS handshake: the hub accepts, its loops run, its certificate is there.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD \
    openssl s_client -connect 127.0.0.1:${RESTANTE_HTTPS_PORT:-443} </dev/null >/dev/null 2>&1

# The owner's connection string, which the hub says at its start, belongs in no container's log:
# `docker exec ... restante connection-string --data-dir /var/lib/restante` shows it.
CMD ["/bin/sh", "-c", "exec restante serve --config /etc/restante/restante.toml >/dev/null"]
