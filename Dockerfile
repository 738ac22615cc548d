# ChatGee in a container: docs/always-on.md tells how to use it, compose.yaml how to run it.

FROM python:3.13-slim

# ssh is for the tunnel that needs no account. Debian keeps one version at a time, so a pinned one
# would soon be gone and nobody could build this any more.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openssh-client \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app

# Before the code: only new requirements make them be installed again.
# Those of several machines too: some 20 MB, so that DATABASE_URL alone makes the difference.
COPY requirements.txt requirements-cluster.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --requirement requirements.txt --requirement requirements-cluster.txt

# The code is root's and never written to. All that is, is in /data; it is the home too, so that
# the ngrok program, which is downloaded at the first start, is there at the next.
RUN useradd --uid 1000 --home-dir /data --no-create-home --shell /usr/sbin/nologin chatgee \
    && install --directory --owner=chatgee --group=chatgee --mode=0700 /data
COPY run.py config.example.env ./
COPY chatgee ./chatgee
COPY docs ./docs

ENV PYTHONUTF8=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    TZ=Asia/Seoul \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=6959 \
    OPEN_BROWSER=off

# By number, so that whoever runs the image can see that it is not root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 6959

# Unhealthy is also a ChatGee that runs and cannot answer (a wrong key): Docker does not start it
# again for that, but shows it, with the reason that is printed here.
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=2 CMD ["python", "-c", "\
import http.client, os, sys; \
chatgee = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=5); \
chatgee.request('GET', '/health'); \
answer = chatgee.getresponse(); \
print(answer.read().decode()); \
sys.exit(answer.status != 200)"]

# run.py finds everything installed and gives its place, and so the signals, to the server.
CMD ["python", "run.py"]
