# syntax=docker/dockerfile:1
# opsmith with every screen and driver: docker build -t opsmith .

FROM python:3.11-slim-bookworm AS builder
RUN pip install --no-cache-dir "uv>=0.9,<1"
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /source
COPY . .
# What is installed is what the lock names, with its hashes; what only tests need stays out.
RUN uv build --wheel --out-dir /wheels && \
    uv venv /opt/opsmith && \
    uv pip install --python /opt/opsmith/bin/python \
      --constraints requirements.lock "opsmith[all] @ file://$(echo /wheels/opsmith-*.whl)"
# Bytecode and machine code are kept by the sources' times; layers hold those in whole seconds only.
RUN find /opt/opsmith/lib -name '*.py' -exec touch --date=@1700000000 {} + && \
    /opt/opsmith/bin/python -m compileall -q -j 0 /opt/opsmith/lib
ENV PATH=/opt/opsmith/bin:$PATH NUMBA_CACHE_DIR=/var/cache/opsmith
RUN OPSMITH_DATA_DIR=/tmp/first opsmith demo --json >/dev/null

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home opsmith
COPY --from=builder /opt/opsmith /opt/opsmith
# A processor of another kind than the builder's has its machine code made at the first start: a minute.
COPY --from=builder --chown=opsmith:opsmith /var/cache/opsmith /var/cache/opsmith
ENV PATH=/opt/opsmith/bin:$PATH \
    NUMBA_CACHE_DIR=/var/cache/opsmith \
    OPSMITH_DATA_DIR=/data \
    OPSMITH_LOG_FORMAT=json \
    PYTHONUNBUFFERED=1 \
    HEALTH=http://127.0.0.1:8321/health
USER opsmith
WORKDIR /data
VOLUME /data
EXPOSE 8321 8323
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(os.environ['HEALTH'], timeout=4)"]
ENTRYPOINT ["opsmith"]
CMD ["serve", "--host", "0.0.0.0"]
