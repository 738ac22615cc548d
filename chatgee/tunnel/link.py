"""What the rest of the program sees of a tunnel."""

from collections.abc import Callable
from dataclasses import dataclass

from chatgee.errors import TunnelError


@dataclass(frozen=True)
class Link:
    """The public address as it stands now."""

    kind: str
    """`ngrok`, `localhost.run`, `public_url` or `none`."""

    address: str | None = None
    """https://…, no trailing slash; None while there is none."""

    trouble: TunnelError | None = None
    """Why nothing comes through just now; a tunnel that is wanted is tried again."""

    @property
    def opening(self) -> bool:
        """Whether nothing is known yet."""
        return self.trouble is not None and self.trouble.key == "tunnel.opening"

    def says_the_same(self, other: "Link | None") -> bool:
        """Whether an owner who was told of `other` needs no word about this one."""
        return other is not None and (self.kind, self.address, str(self.trouble)) == (
            other.kind,
            other.address,
            str(other.trouble),
        )


Changed = Callable[[Link], None]
"""Called from the tunnel's own thread, whenever the Link changes."""
