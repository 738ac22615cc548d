"""A real sshd as localhost.run, in a network and among mounts that end with this program.

`unshare -n -m python -m tests.support.real_sshd SSHD FOLDER`, as root. Prints the address
that our side was given, and what a visitor's request looked like when it arrived.
"""

import subprocess
import sys
import threading
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from chatgee import tunnel
from tests.support.tunnel_side import Heard, ours, until

CONFIG = """\
ListenAddress 127.0.0.1:22
HostKey {folder}/host_key
PidFile none
AuthenticationMethods none
PermitEmptyPasswords yes
UsePAM no
GatewayPorts yes
ForceCommand echo Welcome; echo 'a123456789.lhr.life tunneled with tls termination, \
https://a123456789.lhr.life'; cat
"""


def over(file: str, text: str, folder: Path) -> None:
    """Put `text` where `file` is, for this program and its children alone."""
    ours = folder / Path(file).name
    ours.write_text(Path(file).read_text() + text)
    ours.chmod(0o644 if file != "/etc/shadow" else 0o600)
    subprocess.run(["mount", "--bind", str(ours), file], check=True)


def prepare(sshd: str, folder: Path) -> subprocess.Popen[bytes]:
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")  # of this network alone
    over("/etc/hosts", "\n127.0.0.1 localhost.run\n", folder)
    over("/etc/passwd", "nokey:x:65000:65000::/:/bin/sh\n", folder)
    over("/etc/shadow", "nokey::19000:0:99999:7:::\n", folder)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    Path("/run/sshd").mkdir(mode=0o755)
    key = str(folder / "host_key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(folder=folder))
    daemon = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)])
    until(lambda: "0100007F:0016" in Path("/proc/net/tcp").read_text())
    return daemon


class Bot(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.requestline.rpartition(" ")[0].encode())

    def log_message(self, *_: object) -> None:
        pass


def main(sshd: str, folder: Path) -> None:
    daemon = prepare(sshd, folder)
    bot = HTTPServer(("127.0.0.1", 0), Bot)
    threading.Thread(target=bot.serve_forever, daemon=True).start()
    try:
        wanted = ours(folder, TUNNEL="localhost.run")
        with tunnel.opened(wanted, bot.server_address[1], Heard()) as link:
            print(link.kind, link.address or link.trouble)
            with closing(HTTPConnection("127.0.0.1", 80, timeout=10)) as visitor:
                visitor.request("POST", "/prompt", b"{}")
                print(visitor.getresponse().read().decode())
    finally:
        daemon.terminate()
        daemon.wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
