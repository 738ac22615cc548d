"""How the doctor knows this very program again at the far end of a tunnel.

An old address may be somebody else's by now, and a page of a tunnel answers with 200 as well. So
the doctor's call carries a nonce, and only the program that wrote SECRET into the owner's folder
can make the right proof of it. Behind a load balancer, where the call may come to another, all of
them use the SECRET of whoever was there first.
"""

import hmac
import secrets

HEADER = "X-ChatGee-Doctor"
"""In a request: the nonce, by which a call of the doctor's is told from Kakao's. In the reply:
its proof."""

SECRET = secrets.token_urlsafe(24)
"""New with every start, and worth nothing for anything else."""

NAME = "proof"
"""Under which those who share it keep the SECRET."""


def first(known: str | None) -> tuple[str | None, str]:
    """Of all who share it, the SECRET of whoever was here first; see `KeyValues.change`."""
    return (None, known) if known else (SECRET, SECRET)


def of(nonce: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), nonce.encode(), "sha256").hexdigest()
