# A sandbox in a container. The name is Dockerfile because docker, podman and buildah all look for that one.
#
#   podman build --format docker -t sandbox .     (--format docker: the OCI format has no HEALTHCHECK)
#   podman run --rm -p 127.0.0.1:4100-4103:4100-4103 sandbox expired-token --sign-in automatic

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY . .
# Built without isolation, so that constraints.txt holds for what builds the sandbox as well.
RUN pip install --constraint constraints.txt hatchling \
    && pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/sandbox \
    && pip --python /opt/sandbox install --constraint constraints.txt /wheels/*.whl

FROM python:3.13-slim
COPY --from=build /opt/sandbox /opt/sandbox
# Clients, grants and the signing key are kept in /state: `-v sandbox:/state` keeps them from one container to the next.
RUN useradd --uid 1000 --no-create-home sandbox && install --directory --owner=1000 --mode=700 /state
ENV PATH=/opt/sandbox/bin:$PATH
WORKDIR /state
USER 1000
EXPOSE 4100 4101 4102 4103
# Every URL says localhost and these numbers, and only that Host is answered: publish each port under its own number.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", "import http.client, sys; console = http.client.HTTPConnection('127.0.0.1', 4102, timeout=2); console.request('GET', '/health'); sys.exit(console.getresponse().status != 200)"]
ENTRYPOINT ["sandbox", "up", "--listen", "0.0.0.0"]
CMD ["healthy"]
