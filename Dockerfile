# The image of the agent and of every other command, from npm and Debian alone.
#
#     docker build --tag portcullis:0.1.0 .
#
# Debian 13 has Node.js 20.19 and libnftables 1.1.
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
COPY bench/package.json bench/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# What npm would publish, and no more, with what it needs when it runs.
RUN npm run build \
 && npm pack --ignore-scripts --pack-destination /tmp \
 && mkdir -p /opt/portcullis \
 && tar --extract --gzip --file /tmp/portcullis-*.tgz --strip-components=1 --no-same-owner --directory /opt/portcullis \
 && cp package-lock.json .npmrc /opt/portcullis/
WORKDIR /opt/portcullis
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -f .npmrc package-lock.json node_modules/.package-lock.json \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete

FROM debian:${DEBIAN}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libnftables1 nodejs \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
COPY --from=build --chown=0:0 /opt/portcullis /opt/portcullis
RUN ln -s /opt/portcullis/bin/portcullis /usr/local/bin/portcullis
ENV NODE_ENV=production
LABEL org.opencontainers.image.title="portcullis" \
      org.opencontainers.image.description="Explain, prove and enforce Kubernetes network policy from one semantic core" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:trixie-slim"
# Analysis and serve need no rights. The agent's manifests set uid 0, with the one capability NET_ADMIN.
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK NONE
ENTRYPOINT ["portcullis"]
CMD ["--help"]
