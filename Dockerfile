# gesmock as an image: docker build -t gesmock . (docs/how-to/docker.md says how to use it)
ARG PYTHON=docker.io/library/python:3.13-slim

FROM ${PYTHON} AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/gesmock \
    && pip --python /opt/gesmock/bin/python install --no-cache-dir /wheels/*.whl

FROM ${PYTHON}
COPY --from=build /opt/gesmock /opt/gesmock
ENV PATH=/opt/gesmock/bin:$PATH \
    GESMOCK_HOST=0.0.0.0
# For files of --state: mount a volume here to keep them.
RUN install --directory --owner 10001 --group 10001 /state
WORKDIR /state
# A number, so that Kubernetes can tell that it is not root's.
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["gesmock", "health"]
ENTRYPOINT ["gesmock"]
CMD ["serve"]
