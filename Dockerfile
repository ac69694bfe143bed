# Builds the bundle where a C++ toolchain and Python are at hand (better-sqlite3), runs it where they are not.
FROM node:24 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY build.mjs tsconfig.json ./
COPY src ./src
RUN node build.mjs && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/package.json ./
COPY migrations ./migrations
COPY rules ./rules
COPY tocsin.yml LICENSE ./
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 9099
# Inside a container the published port is the border: publish it as 127.0.0.1:9099:9099, or configure authentication.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9099/-/healthy').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node as process 1 gets the signals itself; the program handles SIGTERM, SIGINT and SIGHUP.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--config.file=/app/tocsin.yml", "--data=/data", "--web.listen-address=0.0.0.0:9099", "--web.allow-anonymous"]
