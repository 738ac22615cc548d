"""Why a PostgreSQL cannot be used, in a sentence for the owner that names the remedy."""

import re

from sqlalchemy import URL, exc

from chatgee.errors import StoreError

SAID = (
    (r"password authentication failed|no password supplied", "start.wrong_password"),
    (r'database ".*" does not exist', "start.no_database"),
    (r"resolve host|translate host name", "start.unknown_host"),
    (r"permission denied", "start.not_allowed"),
    (r"Connection refused|timeout|timed out|unreachable", "start.unreachable"),
)
"""What the driver says of a connection that it could not make; it has no number for it."""


def refusal(error: Exception, url: URL) -> StoreError:
    """Of a connection that could not be made; never with the password in it."""
    why = first_line(error)
    key = next((key for said, key in SAID if re.search(said, why)), "start.not_connected")
    about = {"user": url.username, "host": url.host, "database": url.database}
    return StoreError(key, url=url.render_as_string(hide_password=True), why=why, **about)


def package_missing(error: ImportError) -> StoreError:
    return StoreError("start.cluster_missing", why=error.name or error)


def first_line(error: BaseException) -> str:
    """The lines below it may quote what friends have written."""
    why = drivers_own(error)
    return next(iter(str(why).strip().splitlines()), type(why).__name__)


def drivers_own(error: BaseException) -> BaseException:
    """Without what SQLAlchemy says around it: the statement, and words of friends in it."""
    return (isinstance(error, exc.DBAPIError) and error.orig) or error
